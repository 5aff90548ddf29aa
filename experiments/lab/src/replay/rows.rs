//! Rows of a trial or of any program, read from a file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use backdraft_rows::{Interner, Row};
use serde::de::IgnoredAny;

/// Why a file's rows cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowsError {
    /// The system does not let us.
    #[error("cannot read `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A line is no row.
    #[error(
        "`{}`, line {line}: {reason}; a row has step, quantity, subject and value, as JSON lines or as CSV with \
         that header",
        path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

/// Reads rows from JSON lines, such as the measurements of a trial, or, if the name ends in `.csv`, from
/// CSV. Of the measurements of a trial, other lines are passed over, and so is a last line that was cut
/// off.
///
/// # Errors
///
/// [`RowsError`] naming the file and the line.
pub fn read_rows(path: &Path) -> Result<Vec<Row>, RowsError> {
    let bytes = fs::read(path).map_err(|source| RowsError::Io { path: path.to_owned(), source })?;
    let rows = if path.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("csv")) {
        from_csv(&bytes)
    } else {
        from_json_lines(&bytes)
    };
    rows.map_err(|(line, reason)| RowsError::Line { path: path.to_owned(), line, reason })
}

fn from_json_lines(bytes: &[u8]) -> Result<Vec<Row>, (usize, String)> {
    /// The lines around the measurements of a trial.
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Around {
        Trial {
            #[expect(dead_code, reason = "only whether it is there counts")]
            trial: IgnoredAny,
        },
        End {
            #[expect(dead_code, reason = "only whether it is there counts")]
            end: IgnoredAny,
        },
    }

    let (mut interner, mut rows) = (Interner::default(), Vec::new());
    let mut lines = bytes.split(|byte| *byte == b'\n').enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice::<Row>(line) {
            Ok(row) => {
                let value = exact_value(line).unwrap_or(row.value);
                rows.push(interner.share(Row { value, ..row }));
            }
            Err(_) if serde_json::from_slice::<Around>(line).is_ok() => {}
            // A line without an end is being written, or was cut off.
            Err(_) if lines.peek().is_none() && !rows.is_empty() => {}
            Err(error) => return Err((number + 1, error.to_string())),
        }
    }
    Ok(rows)
}

/// Reads the value of a row to the bit: the parser of JSON is fast and may be off in the last place.
fn exact_value(line: &[u8]) -> Option<f64> {
    let (_, value) = std::str::from_utf8(line).ok()?.rsplit_once("\"value\":")?;
    value.split([',', '}']).next()?.trim().parse().ok()
}

fn from_csv(bytes: &[u8]) -> Result<Vec<Row>, (usize, String)> {
    let mut interner = Interner::default();
    let mut reader = csv::Reader::from_reader(bytes);
    let rows = reader.deserialize::<Row>().enumerate();
    // The header is line 1.
    rows.map(|(at, row)| row.map(|row| interner.share(row)).map_err(|e| (at + 2, e.to_string())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_rows::{CsvSink, JsonLinesSink, QuantityName, Sink};

    fn rows() -> Vec<Row> {
        let row = |step, value| Row::new(step, QuantityName::GRADIENT_NORM, "a.weight", value);
        vec![row(0, 0.5), row(3, 1e-30)]
    }

    #[test]
    fn json_lines_of_a_trial_and_csv_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let [json, csv] = ["a.jsonl", "a.csv"].map(|name| folder.path().join(name));
        let mut text = b"{\"trial\":[[\"depth\",\"3\"]],\"seed\":7}\n".to_vec();
        JsonLinesSink::new(&mut text).write(&rows()).unwrap();
        let whole = [&text[..], b"{\"end\":\"finished\"}\n"].concat();
        let torn = [&text[..], b"{\"step\":4,\"qua"].concat();
        for text in [whole, torn] {
            fs::write(&json, text).unwrap();
            assert_eq!(read_rows(&json).unwrap(), rows());
        }
        let mut text = Vec::new();
        CsvSink::new(&mut text).write(&rows()).unwrap();
        fs::write(&csv, text).unwrap();
        assert_eq!(read_rows(&csv).unwrap(), rows());
    }

    #[test]
    fn what_is_no_row_is_refused_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        fs::write(&path, "{\"step\":0}\n{}\n").unwrap();
        let error = read_rows(&path).unwrap_err().to_string();
        assert!(error.contains("line 1: ") && error.contains("quantity"), "{error}");
        let error = read_rows(&folder.path().join("none")).unwrap_err().to_string();
        assert!(error.starts_with("cannot read `"), "{error}");
    }
}
