//! A user's own rows of numbers.

use std::path::Path;

use csv::StringRecord;

use crate::bounded::Bounded;
use crate::error::DatasetError;

/// Rows of features, each with what is to be predicted of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Names of the features, in the order of their columns.
    pub features: Vec<String>,
    /// Their values, `[rows, features]` row by row; all finite.
    pub inputs: Vec<f64>,
    /// What is to be predicted, one for each row.
    pub targets: Targets,
}

/// What is to be predicted.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Numbers, all finite.
    Values(Vec<f64>),
    /// Words.
    Classes {
        /// The different words, sorted.
        names: Vec<String>,
        /// The index of each row's word.
        indices: Vec<usize>,
    },
}

impl Table {
    /// Reads comma-separated values, compressed by gzip or not: a line of column names, then rows of
    /// numbers. The column `target` is what is to be predicted; if it holds anything but numbers, its
    /// words are classes.
    ///
    /// # Errors
    ///
    /// [`DatasetError::File`] naming file, row and column.
    pub fn read_csv(path: &Path, target: &str) -> Result<Self, DatasetError> {
        let refuse = |reason: String| DatasetError::file(path, reason);
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(Bounded::open(path)?.into_reader());
        let header = reader.headers().map_err(|error| refuse(reason(&error)))?.clone();
        let names = || header.iter().collect::<Vec<_>>().join(", ");
        let columns = header.iter().filter(|name| *name == target).count();
        let Some(target_at) = header.iter().position(|name| name == target) else {
            return Err(refuse(format!("has no column `{target}`; its columns are {}", names())));
        };
        if columns > 1 {
            return Err(refuse(format!("has {columns} columns `{target}`")));
        }
        if header.len() < 2 {
            return Err(refuse(format!(
                "has no column but `{target}`: nothing to predict it from"
            )));
        }
        let (mut inputs, mut words) = (Vec::new(), Vec::new());
        for (row, record) in reader.records().enumerate() {
            let record = record.map_err(|error| refuse(reason(&error)))?;
            for (column, text) in record.iter().enumerate() {
                if column == target_at {
                    words.push(text.to_owned());
                    continue;
                }
                inputs.push(number(text).ok_or_else(|| {
                    let (row, name) = (row + 1, &header[column]);
                    refuse(format!("row {row}, column `{name}`: `{text}` is not a finite number"))
                })?);
            }
        }
        if words.is_empty() {
            return Err(refuse("has a line of column names, but no rows".to_owned()));
        }
        let features = feature_names(&header, target_at);
        Ok(Self { features, inputs, targets: Targets::of_words(words) })
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        match &self.targets {
            Targets::Values(values) => values.len(),
            Targets::Classes { indices, .. } => indices.len(),
        }
    }

    /// Tells whether there are no rows; there always are, a file without is refused.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Targets {
    /// Numbers if all words are numbers, classes otherwise.
    fn of_words(words: Vec<String>) -> Self {
        if let Some(values) = words.iter().map(|word| number(word)).collect() {
            return Self::Values(values);
        }
        let mut names = words.clone();
        names.sort_unstable();
        names.dedup();
        let index = |word: String| names.partition_point(|name| *name < word);
        let indices = words.into_iter().map(index).collect();
        Self::Classes { names, indices }
    }

    /// Returns the targets as numbers: values, or the indices of classes.
    pub fn to_values(&self) -> Vec<f64> {
        match self {
            Self::Values(values) => values.clone(),
            Self::Classes { indices, .. } => indices.iter().map(|index| *index as f64).collect(),
        }
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

fn feature_names(header: &StringRecord, target: usize) -> Vec<String> {
    let others = header.iter().enumerate().filter(|(column, _)| *column != target);
    others.map(|(_, name)| name.to_owned()).collect()
}

/// What the parser says, on one line.
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
