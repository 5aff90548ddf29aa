//! `measurements/<trial>.jsonl`: one JSON object per line, appended and flushed as it is measured.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use backdraft_rows::{Interner, Row};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::contents::is_there;
use super::error::RecordError;
use super::id::hexadecimal;
use super::mark::Mark;
use crate::factors::Factors;
use crate::results::{Ending, TrialResult};

/// A line: the trial's name first, its ending last, measurements between.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Line {
    Trial { trial: Factors, seed: u64 },
    Measurement(Row),
    End { end: Ending },
}

/// Appends the measurements of one trial to its file.
pub struct TrialWriter {
    path: PathBuf,
    file: File,
    /// What is in the file whole.
    length: u64,
    sum: Sha256,
}

impl TrialWriter {
    /// Starts the file anew, with the trial's name as its first line.
    ///
    /// # Errors
    ///
    /// [`RecordError`] naming the file.
    pub fn create(path: &Path, factors: &Factors, seed: u64) -> Result<Self, RecordError> {
        // A pipe would be waited for, a link to elsewhere overwritten.
        is_there(path)?;
        let file = File::create(path).map_err(RecordError::io("create", path))?;
        let mut writer = Self { path: path.to_owned(), file, length: 0, sum: Sha256::new() };
        writer.write(&[Line::Trial { trial: factors.clone(), seed }])?;
        Ok(writer)
    }

    /// Goes on after what `mark` remembers and drops what was written later; `None` if the file does
    /// not begin so.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if the file cannot be read or cut.
    pub fn resume(path: &Path, mark: &Mark) -> Result<Option<Self>, RecordError> {
        if !is_there(path)? {
            return Ok(None);
        }
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).open(path);
        let mut file = file.map_err(RecordError::io("open", path))?;
        let mut begun = Vec::new();
        let read = Read::by_ref(&mut file).take(mark.bytes).read_to_end(&mut begun);
        read.map_err(RecordError::io("read", path))?;
        let sum = Sha256::new_with_prefix(&begun);
        if begun.len() as u64 != mark.bytes || hexadecimal(sum.clone()) != mark.sha256 {
            return Ok(None);
        }
        file.set_len(mark.bytes).map_err(RecordError::io("cut", path))?;
        Ok(Some(Self { path: path.to_owned(), file, length: mark.bytes, sum }))
    }

    /// Marks what was written so far, which is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// [`RecordError`] naming the file.
    pub fn mark(&self, test_loss: Option<f64>, best: Option<f64>) -> Result<Mark, RecordError> {
        self.file.sync_data().map_err(RecordError::io("sync", &self.path))?;
        Ok(Mark { bytes: self.length, sha256: hexadecimal(self.sum.clone()), test_loss, best })
    }

    /// Appends rows; they are with the operating system when this returns.
    ///
    /// # Errors
    ///
    /// [`RecordError`] naming the file.
    pub fn append(&mut self, rows: &[Row]) -> Result<(), RecordError> {
        let lines: Vec<Line> = rows.iter().cloned().map(Line::Measurement).collect();
        self.write(&lines)
    }

    /// Marks the trial as ended.
    ///
    /// # Errors
    ///
    /// [`RecordError`] naming the file.
    pub fn end(mut self, ending: &Ending) -> Result<(), RecordError> {
        self.write(&[Line::End { end: ending.clone() }])?;
        self.file.sync_data().map_err(RecordError::io("sync", &self.path))
    }

    /// Writes lines, all or none of them as far as the system lets us.
    fn write(&mut self, lines: &[Line]) -> Result<(), RecordError> {
        let mut text = Vec::new();
        let write = lines.iter().try_for_each(|line| {
            serde_json::to_writer(&mut text, line)?;
            text.push(b'\n');
            Ok::<_, io::Error>(())
        });
        let written = write.and_then(|()| self.file.write_all(&text));
        if let Err(error) = written {
            // What fitted of them must not stand before what is written when there is room again.
            drop(self.file.set_len(self.length));
            drop(self.file.seek(SeekFrom::Start(self.length)));
            return Err(RecordError::write(&self.path, text.len())(error));
        }
        self.length += text.len() as u64;
        self.sum.update(&text);
        Ok(())
    }
}

/// Reads a trial; `None` if it has not ended, which a cut-off run leaves behind.
///
/// # Errors
///
/// [`RecordError`] if the file cannot be read, or a line other than a torn last one is malformed.
pub fn read_trial(path: &Path) -> Result<Option<TrialResult>, RecordError> {
    // As bytes, because a line may be torn within a character.
    let text = fs::read(path).map_err(RecordError::io("read", path))?;
    let malformed = |line: usize, reason: String| RecordError::Malformed {
        path: path.to_owned(),
        line: line + 1,
        reason,
    };
    let mut interner = Interner::default();
    let (mut name, mut rows, mut ending) = (None, Vec::new(), None);
    let whole = text.strip_suffix(b"\n");
    let mut lines = whole.unwrap_or(&text).split(|byte| *byte == b'\n').enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        if text.is_empty() {
            break;
        }
        // Nearly every line is a measurement, and an untagged line takes several times as long to read.
        let read = serde_json::from_slice(line).map(Line::Measurement);
        match read.or_else(|_| serde_json::from_slice::<Line>(line)) {
            Ok(Line::Trial { trial, seed }) => name = Some((trial, seed)),
            Ok(Line::Measurement(row)) => rows.push(interner.share(row)),
            Ok(Line::End { end }) => ending = Some(end),
            Err(_) if lines.peek().is_none() && whole.is_none() => return Ok(None),
            Err(error) => return Err(malformed(number, error.to_string())),
        }
    }
    match (name, ending) {
        (_, None) => Ok(None),
        (None, Some(_)) => Err(malformed(0, "the trial's name is missing".to_owned())),
        (Some((factors, seed)), Some(ending)) => {
            Ok(Some(TrialResult { factors, seed, rows, ending }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_rows::QuantityName;

    fn row(value: f64) -> Row {
        Row::of_network(3, QuantityName::LOSS, value)
    }

    fn written(ended: bool) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trial.jsonl");
        let factors = Factors::new([("depth", "3".to_owned()), ("σw²", "π".to_owned())]);
        let mut writer = TrialWriter::create(&path, &factors, 7).unwrap();
        writer.append(&[row(0.25), row(f64::NAN)]).unwrap();
        if ended {
            writer.end(&Ending::Finished).unwrap();
        }
        (folder, path)
    }

    #[test]
    fn a_trial_reads_back_as_written_nan_included() {
        let (_folder, path) = written(true);
        let trial = read_trial(&path).unwrap().unwrap();
        assert_eq!((trial.seed, trial.factors.level("depth")), (7, Some("3")));
        assert_eq!(trial.rows[0], row(0.25));
        assert!(trial.rows[1].value.is_nan());
        assert_eq!(trial.ending, Ending::Finished);
    }

    #[test]
    fn a_cut_off_trial_counts_as_not_ended_wherever_it_was_cut() {
        let (_folder, path) = written(true);
        let text = fs::read(&path).unwrap();
        for length in 0..text.len() - 1 {
            fs::write(&path, &text[..length]).unwrap();
            assert_eq!(read_trial(&path).unwrap(), None, "cut at {length}");
        }
    }

    #[test]
    fn a_trial_goes_on_after_a_mark_and_only_in_its_own_file() {
        let (_folder, path) = written(true);
        let whole = fs::read(&path).unwrap();
        let factors = read_trial(&path).unwrap().unwrap().factors;
        let mut writer = TrialWriter::create(&path, &factors, 7).unwrap();
        writer.append(&[row(0.25)]).unwrap();
        let mark = writer.mark(None, None).unwrap();
        writer.append(&[row(9.0)]).unwrap();
        fs::write(&path, [&fs::read(&path).unwrap()[..], b"{\"step\":3,\"qua"].concat()).unwrap();
        let mut writer = TrialWriter::resume(&path, &mark).unwrap().unwrap();
        writer.append(&[row(f64::NAN)]).unwrap();
        writer.end(&Ending::Finished).unwrap();
        assert_eq!(fs::read(&path).unwrap(), whole);

        let shorter = Mark { bytes: mark.bytes - 1, ..mark.clone() };
        assert!(TrialWriter::resume(&path, &shorter).unwrap().is_none());
        fs::write(&path, &whole[..10]).unwrap();
        assert!(TrialWriter::resume(&path, &mark).unwrap().is_none());
        fs::remove_file(&path).unwrap();
        assert!(TrialWriter::resume(&path, &mark).unwrap().is_none());
    }

    #[test]
    fn a_damaged_line_in_the_middle_is_refused_with_its_number() {
        let (_folder, path) = written(true);
        let text = fs::read_to_string(&path).unwrap().replacen("\"loss\"", "loss", 1);
        fs::write(&path, text).unwrap();
        let error = read_trial(&path).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("`--fresh`"), "{error}");
    }
}
