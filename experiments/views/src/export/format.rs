//! The formats, and the way to each.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use backdraft_record::{Manifest, Results, fill_whole, write_whole};
use backdraft_text::Named;

use super::{rows, tensorboard};

/// A format of exported measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values, one row a measurement.
    Csv,
    /// JSON lines, one object a measurement.
    Jsonl,
    /// Apache Parquet, the columns of the CSV.
    Parquet,
    /// A folder of TensorBoard event files, one a trial, with hyper-parameters.
    Tensorboard,
}

impl Named for Format {
    const KIND: &'static str = "format";
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Csv, "csv", "Comma-separated values, one row a measurement"),
        (Self::Jsonl, "jsonl", "JSON lines, one object a measurement"),
        (Self::Parquet, "parquet", "Apache Parquet, the columns of the CSV"),
        (
            Self::Tensorboard,
            "tensorboard",
            "A folder of TensorBoard event files, one a trial, with hyper-parameters",
        ),
    ];
}

/// Why measurements could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The system refused.
    #[error("cannot write `{}`: {source}", path.display())]
    Io {
        /// What was written.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Event files that are there already would be shown together with the new ones.
    #[error("the folder `{}` is not empty; name another one", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The program was built without the format.
    #[error(
        "this build cannot write Parquet: use `cargo run --release --features parquet -- export …`"
    )]
    #[cfg_attr(feature = "parquet", expect(dead_code, reason = "the format is built in"))]
    NotBuiltIn,
}

/// Writes all measurements of a run to a file, or a folder for TensorBoard.
pub fn export(
    manifest: &Manifest,
    results: &Results,
    format: Format,
    path: &Path,
) -> Result<(), ExportError> {
    let io = |source| ExportError::Io { path: path.to_owned(), source };
    match format {
        Format::Csv => write_whole(path, |file| rows::csv(manifest, results, file)).map_err(io),
        Format::Jsonl => write_whole(path, |file| rows::json(manifest, results, file)).map_err(io),
        #[cfg(feature = "parquet")]
        Format::Parquet => {
            write_whole(path, |file| super::parquet::write(manifest, results, file)).map_err(io)
        }
        #[cfg(not(feature = "parquet"))]
        Format::Parquet => Err(ExportError::NotBuiltIn),
        Format::Tensorboard => {
            if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
                return Err(ExportError::NotEmpty { path: path.to_owned() });
            }
            fill_whole(path, |folder| tensorboard::write(manifest, results, folder)).map_err(io)
        }
    }
}
