//! What can be wrong with a data set.

use std::path::{Path, PathBuf};

/// Why a data set cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatasetError {
    /// The lengths of inputs and targets do not fit together.
    #[error("{values} input values are not {targets} rows of {features} features")]
    Shape {
        /// Number of input values.
        values: usize,
        /// Number of targets.
        targets: usize,
        /// Features per row.
        features: usize,
    },
    /// A row of a file is not what it should be.
    #[error("row {row} of {name}: {reason}")]
    Row {
        /// Name of the data set.
        name: &'static str,
        /// Row, from 1.
        row: usize,
        /// What is wrong.
        reason: String,
    },
    /// A file cannot be read, or is not what it should be.
    #[error("{path} {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, continuing a sentence that begins with the file.
        reason: String,
    },
    /// The files of a data set are nowhere.
    #[error("the data set `{name}` is in none of {places}; {remedy}")]
    Missing {
        /// Name of the data set.
        name: &'static str,
        /// Folders that were looked in.
        places: String,
        /// How to get it.
        remedy: &'static str,
    },
    /// A file cannot be downloaded.
    #[error("{url} cannot be fetched: {reason}")]
    Download {
        /// Its address.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// A compressed file cannot be read.
    #[error("{name} cannot be decompressed: {reason}")]
    Compression {
        /// Name of the data set.
        name: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A setting of a generated task is out of range.
    #[error("`{field} = {value}` is not possible: {requirement}")]
    Setting {
        /// Name of the field.
        field: &'static str,
        /// Its value.
        value: usize,
        /// What it must be.
        requirement: &'static str,
    },
}

/// Longest reason: what a file holds may be quoted in it.
const LONGEST: usize = 400;

impl DatasetError {
    /// Says what is wrong with a file, on one line of bounded length whatever is quoted from it.
    pub fn file(path: &Path, reason: impl AsRef<str>) -> Self {
        let visible = |c: char| if c.is_control() { ' ' } else { c };
        let reason = reason.as_ref().chars().take(LONGEST).map(visible).collect();
        Self::File { path: path.to_owned(), reason }
    }
}
