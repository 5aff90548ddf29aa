//! What can be wrong with a data set.

use std::path::{Path, PathBuf};

/// Why a data set cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatasetError {
    /// The lengths of inputs and targets do not match.
    #[error("{values} input values are not {targets} rows of {features} features")]
    Shape {
        /// Number of input values.
        values: usize,
        /// Number of targets.
        targets: usize,
        /// Features per row.
        features: usize,
    },
    /// A row of a file is malformed.
    #[error("row {row} of {name}: {reason}")]
    Row {
        /// Name of the data set.
        name: &'static str,
        /// Row, from 1.
        row: usize,
        /// What is wrong.
        reason: String,
    },
    /// A file cannot be read or is malformed.
    #[error("{path} {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, continuing a sentence that begins with the file.
        reason: String,
    },
    /// The files of a data set were not found.
    #[error("the data set `{name}` is in none of {places}; {remedy}")]
    Missing {
        /// Name of the data set.
        name: &'static str,
        /// The folders that were searched.
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
        /// What it requires.
        requirement: &'static str,
    },
}

/// Longest reason in characters: it may quote a file.
const LONGEST: usize = 400;

impl DatasetError {
    /// Creates the error of a file. The reason is cut to one line of bounded length, as it may quote the
    /// file.
    pub fn file(path: &Path, reason: impl AsRef<str>) -> Self {
        let visible = |c: char| if c.is_control() { ' ' } else { c };
        let reason = reason.as_ref().chars().take(LONGEST).map(visible).collect();
        Self::File { path: path.to_owned(), reason }
    }
}
