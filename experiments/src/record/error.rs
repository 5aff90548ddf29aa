//! What can go wrong with a run record.

use std::io;
use std::path::PathBuf;

/// A file or folder of a run record that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The operating system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The content is not what Backdraft writes.
    #[error("`{}`, line {line}, is not a valid record: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The record was written by a later version.
    #[error(
        "`{}` has schema {found}, this program reads up to {known}; use a newer Backdraft",
        path.display()
    )]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The latest that is known.
        known: u32,
    },
    /// No such run.
    #[error("there is no run `{name}` in `{}`; `backdraft list --runs` shows what there is", out.display())]
    NoRun {
        /// What was asked for.
        name: String,
        /// Where it was looked for.
        out: PathBuf,
    },
}

impl RecordError {
    /// Wraps an I/O error with what was tried.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
