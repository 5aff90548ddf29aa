//! Reads the measurements of a trial as they come.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use backdraft_rows::Row;

use super::measurements::Line;
use crate::results::Ending;

/// A place in a trial's file, up to which it has been read.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    offset: u64,
}

/// What has come since the last reading.
#[derive(Debug, Default)]
pub struct News {
    /// Whether the file was begun anew, so that what was read before no longer counts.
    pub is_anew: bool,
    /// The measurements.
    pub rows: Vec<Row>,
    /// How the trial ended, if it has.
    pub ending: Option<Ending>,
    /// How many bytes were read.
    pub bytes: u64,
}

impl Tail {
    /// Reads whole lines that follow, up to `most` bytes of them; a line that is not yet whole is left
    /// for the next time, one that is damaged is passed over.
    ///
    /// # Errors
    ///
    /// The system's, if the file cannot be read.
    pub fn read(&mut self, path: &Path, most: u64) -> io::Result<News> {
        let mut file = File::open(path)?;
        let mut news = News::default();
        if file.metadata()?.len() < self.offset {
            (self.offset, news.is_anew) = (0, true);
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        let whole = match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => last + 1,
            // A line longer than this is none of ours: pass over it in pieces.
            None if bytes.len() as u64 == most => bytes.len(),
            None => 0,
        };
        for line in bytes[..whole].split(|byte| *byte == b'\n') {
            let read = serde_json::from_slice(line).map(Line::Measurement);
            match read.or_else(|_| serde_json::from_slice(line)) {
                Ok(Line::Measurement(row)) => news.rows.push(row),
                Ok(Line::End { end }) => news.ending = Some(end),
                Ok(Line::Trial { .. }) | Err(_) => {}
            }
        }
        news.bytes = whole as u64;
        self.offset += news.bytes;
        Ok(news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TrialWriter;
    use crate::factors::Factors;
    use backdraft_rows::QuantityName;
    use std::fs;

    fn row(step: u64) -> Row {
        Row::of_network(step, QuantityName::LOSS, 0.5)
    }

    #[test]
    fn each_measurement_comes_once_however_the_file_grows() {
        let folder = tempfile::tempdir().unwrap();
        let whole = folder.path().join("whole.jsonl");
        let factors = Factors::new([("depth", "3".to_owned())]);
        let mut writer = TrialWriter::create(&whole, &factors, 0).unwrap();
        writer.append(&(0..20).map(row).collect::<Vec<_>>()).unwrap();
        writer.end(&Ending::Finished).unwrap();
        let text = fs::read(&whole).unwrap();

        let growing = folder.path().join("growing.jsonl");
        let (mut tail, mut steps, mut ending) = (Tail::default(), Vec::new(), None);
        for length in (0..=text.len()).step_by(7).chain([text.len()]) {
            fs::write(&growing, &text[..length]).unwrap();
            let news = tail.read(&growing, 1 << 20).unwrap();
            assert!(!news.is_anew);
            steps.extend(news.rows.iter().map(|row| row.step));
            ending = ending.or(news.ending);
        }
        assert_eq!(steps, (0..20).collect::<Vec<_>>());
        assert_eq!(ending, Some(Ending::Finished));
        fs::write(&growing, &text[..text.len() / 2]).unwrap();
        assert!(tail.read(&growing, 1 << 20).unwrap().is_anew);
    }

    #[test]
    fn no_more_is_read_than_allowed_and_damaged_lines_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trial.jsonl");
        let line = serde_json::to_string(&row(1)).unwrap();
        fs::write(&path, format!("{}\n{line}\n{{\"torn\n{line}\n", "x".repeat(1_000))).unwrap();
        let (mut tail, mut rows) = (Tail::default(), 0);
        for _ in 0..20 {
            let news = tail.read(&path, 300).unwrap();
            assert!(news.bytes <= 300);
            rows += news.rows.len();
        }
        assert_eq!(rows, 2);
    }
}
