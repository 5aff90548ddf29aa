//! A user's own table of numbers.

mod cell;
mod header;
mod targets;

pub use header::{Header, Layout};
pub use targets::Targets;

use std::io::{BufRead, BufReader};
use std::path::Path;

use csv::StringRecord;

use crate::bounded::Bounded;
use crate::error::DatasetError;
use cell::{no_number, number};
use header::Columns;

/// Rows of features, each with a target.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Names of the features, in the order of their columns.
    pub features: Vec<String>,
    /// Their values, `[rows, features]` row by row; all finite.
    pub inputs: Vec<f64>,
    /// The targets, one for each row.
    pub targets: Targets,
}

impl Table {
    /// Reads values separated by commas, semicolons or tabs, compressed by gzip or not: a line of column names, unless `header` is
    /// absent, then rows of numbers. The column `target` is to be predicted; if none of its cells is a
    /// number, its words are classes.
    ///
    /// Nothing is guessed. Missing values, numbers that cannot be read, numbers mixed with words, a first
    /// line that is not a header, and duplicate column names are errors.
    ///
    /// # Errors
    ///
    /// [`DatasetError::File`] naming file, row and column; rows count from 1 below the header.
    pub fn read_csv(path: &Path, target: &str, header: Header) -> Result<Self, DatasetError> {
        Self::read(path, target, &Layout { header, ..Layout::default() })
    }

    /// Reads a table that is written in another way, or some of whose columns do not count.
    ///
    /// # Errors
    ///
    /// [`DatasetError::File`] naming file, row and column; rows count from 1 below the header.
    pub fn read(path: &Path, target: &str, layout: &Layout) -> Result<Self, DatasetError> {
        let refuse = |reason: String| DatasetError::file(path, reason);
        let mut source = BufReader::new(Bounded::open(path)?.into_reader());
        let start =
            source.fill_buf().map_err(|error| refuse(format!("cannot be read: {error}")))?;
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(layout.delimiter.unwrap_or_else(|| delimiter(start)))
            .trim(csv::Trim::All)
            .from_reader(source);
        let mut records =
            reader.records().map(|record| record.map_err(|error| refuse(reason(&error))));
        let first = records.next().transpose()?.unwrap_or_default();
        let columns = Columns::of(&first, target, layout).map_err(refuse)?;
        let mut rows = Rows { columns, inputs: Vec::new(), targets: Vec::new() };
        if layout.header == Header::Absent {
            rows.add(&first).map_err(refuse)?;
        }
        for record in records {
            rows.add(&record?).map_err(refuse)?;
        }
        rows.into_table().map_err(refuse)
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        match &self.targets {
            Targets::Values(values) => values.len(),
            Targets::Classes { indices, .. } => indices.len(),
        }
    }

    /// Tells whether there are no rows; there always are, as a file without rows is refused.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Returns what the first line separates its columns with.
fn delimiter(start: &[u8]) -> u8 {
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or(start);
    let count = |delimiter: u8| line.iter().filter(|byte| **byte == delimiter).count();
    // A comma, of equals.
    [b'\t', b';', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// The rows read so far.
struct Rows {
    columns: Columns,
    inputs: Vec<f64>,
    targets: Vec<String>,
}

impl Rows {
    fn add(&mut self, record: &StringRecord) -> Result<(), String> {
        let row = self.targets.len();
        for (column, text) in record.iter().enumerate() {
            if column == self.columns.target {
                self.targets.push(text.to_owned());
                continue;
            }
            if self.columns.leaves_out(column) {
                continue;
            }
            let value = number(text)
                .ok_or_else(|| bad_cell(row, &self.columns.names[column], &no_number(text)))?;
            self.inputs.push(value);
        }
        Ok(())
    }

    fn into_table(self) -> Result<Table, String> {
        let Self { columns, inputs, targets } = self;
        if targets.is_empty() {
            return Err("has a line of column names, but no rows".to_owned());
        }
        let targets = Targets::of(targets)
            .map_err(|bad| bad_cell(bad.row, &columns.names[columns.target], &bad.reason))?;
        Ok(Table { features: columns.features(), inputs, targets })
    }
}

/// Returns what is wrong with a cell and where it is; `row` counts from 0.
fn bad_cell(row: usize, column: &str, reason: &str) -> String {
    format!("row {}, column `{column}`: {reason}", row + 1)
}

/// Returns the parser's reason on one line.
fn reason(error: &csv::Error) -> String {
    use csv::ErrorKind;

    match error.kind() {
        ErrorKind::Io(error) => format!("cannot be read: {error}"),
        ErrorKind::Utf8 { .. } => "is not UTF-8 text".to_owned(),
        ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!("line {line} has {len} values for {expected_len} columns")
        }
        _ => format!("is no table: {error}"),
    }
}
