//! Why a log cannot be read.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a log cannot be read: what, where, and what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum LogError {
    /// The file cannot be read.
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The name of the file says nothing of its format.
    Format {
        /// The file.
        path: PathBuf,
    },
    /// Something in the file is damaged or not of its format.
    Content {
        /// The file.
        path: PathBuf,
        /// Where in it, such as `line 3` or `byte 71`.
        place: String,
        /// What is wrong and what to do, in one line.
        reason: String,
    },
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The source says what happened.
            Self::Io { path, .. } => write!(f, "the log {} cannot be read", path.display()),
            Self::Format { path } => write!(
                f,
                "{}: a log is an event file of TensorBoard (`*tfevents*`), a .csv, .tsv, .jsonl or .json \
                 file, or a folder with one",
                path.display()
            ),
            Self::Content { path, place, reason } => {
                write!(f, "{}, {place}: {reason}", path.display())
            }
        }
    }
}

impl Error for LogError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Format { .. } | Self::Content { .. } => None,
        }
    }
}
