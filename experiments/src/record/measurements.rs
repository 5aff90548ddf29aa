//! `measurements/<trial>.jsonl`: one JSON object per line, appended and flushed as it is measured.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use backdraft_hooks::Row;
use serde::{Deserialize, Serialize};

use super::error::RecordError;
use crate::results::{Ending, TrialResult};
use crate::trial::Factors;

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
    file: BufWriter<File>,
}

impl TrialWriter {
    /// Starts the file anew, with the trial's name as its first line.
    ///
    /// # Errors
    ///
    /// [`RecordError::Io`].
    pub fn create(path: &Path, factors: &Factors, seed: u64) -> Result<Self, RecordError> {
        let file = File::create(path).map_err(RecordError::io("create", path))?;
        let mut writer = Self { path: path.to_owned(), file: BufWriter::new(file) };
        let line = Line::Trial { trial: factors.clone(), seed };
        writer.write(&[line]).map_err(RecordError::io("write", path))?;
        Ok(writer)
    }

    /// Appends rows; they are with the operating system when this returns.
    ///
    /// # Errors
    ///
    /// An I/O error that names the file.
    pub fn append(&mut self, rows: &[Row]) -> io::Result<()> {
        let lines: Vec<Line> = rows.iter().cloned().map(Line::Measurement).collect();
        self.write(&lines).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot write `{}`: {error}", self.path.display()))
        })
    }

    /// Marks the trial as ended.
    ///
    /// # Errors
    ///
    /// [`RecordError::Io`].
    pub fn end(mut self, ending: &Ending) -> Result<(), RecordError> {
        let line = Line::End { end: ending.clone() };
        self.write(&[line]).map_err(RecordError::io("write", &self.path))
    }

    fn write(&mut self, lines: &[Line]) -> io::Result<()> {
        for line in lines {
            serde_json::to_writer(&mut self.file, line)?;
            self.file.write_all(b"\n")?;
        }
        self.file.flush()
    }
}

/// Reads a trial; `None` if it has not ended, which a cut-off run leaves behind.
///
/// # Errors
///
/// [`RecordError`] if the file cannot be read, or a line other than a torn last one is malformed.
pub fn read_trial(path: &Path) -> Result<Option<TrialResult>, RecordError> {
    let text = fs::read_to_string(path).map_err(RecordError::io("read", path))?;
    let malformed = |line: usize, reason: String| RecordError::Malformed {
        path: path.to_owned(),
        line: line + 1,
        reason,
    };
    let (mut name, mut rows, mut ending) = (None, Vec::new(), None);
    let count = text.lines().count();
    for (number, line) in text.lines().enumerate() {
        match serde_json::from_str::<Line>(line) {
            Ok(Line::Trial { trial, seed }) => name = Some((trial, seed)),
            Ok(Line::Measurement(row)) => rows.push(row),
            Ok(Line::End { end }) => ending = Some(end),
            Err(_) if number + 1 == count && !text.ends_with('\n') => return Ok(None),
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

    fn row(value: f64) -> Row {
        Row { step: 3, quantity: "loss".into(), subject: "network".into(), value }
    }

    fn written(ended: bool) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trial.jsonl");
        let factors = Factors::new([("depth", "3".to_owned())]);
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
        let text = fs::read_to_string(&path).unwrap();
        for length in 0..text.len() - 1 {
            fs::write(&path, &text[..length]).unwrap();
            assert_eq!(read_trial(&path).unwrap(), None, "cut at {length}");
        }
    }

    #[test]
    fn a_damaged_line_in_the_middle_is_refused_with_its_number() {
        let (_folder, path) = written(true);
        let text = fs::read_to_string(&path).unwrap().replacen("\"loss\"", "loss", 1);
        fs::write(&path, text).unwrap();
        let error = read_trial(&path).unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
    }
}
