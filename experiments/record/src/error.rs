//! What can go wrong with a run record.

use std::fs::FileType;
use std::io;
use std::path::PathBuf;

use backdraft_text::shortened;

use super::lock::Owner;
use super::sums::Damage;

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
    /// A file stands where a folder belongs, or the other way round.
    #[error(
        "cannot {action} `{}`: {source}; move away what is in its place and run the same command again",
        path.display()
    )]
    InTheWay {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Something could not be written, for want of room or of permission.
    #[error(
        "cannot write {needed} bytes to `{}`: {source}; what was recorded before is intact: make room, or \
         the folder writable, and run the same command again",
        path.display()
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// How much was to be written.
        needed: usize,
        /// The system's reason.
        source: io::Error,
    },
    /// A file that was written is not there any more, or not whole, so that the record is not closed.
    #[error(
        "`{}` {damage}: the record is not closed; run the same command again, which measures it again",
        path.display()
    )]
    NotReadBack {
        /// The file.
        path: PathBuf,
        /// What became of it.
        damage: Damage,
    },
    /// A closed record has changed in a way that measuring again would cover up.
    #[error(
        "`{}` {damage}: it was changed after the record was closed; `--fresh` measures the run anew",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What became of it.
        damage: Damage,
    },
    /// A checkpoint cannot be gone on from.
    #[error("`{}` is passed over: {reason}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process works on the run.
    #[error(
        "`{}` is held by {owner}; wait for it or stop it: a lock goes with its process",
        path.display()
    )]
    Locked {
        /// The lock.
        path: PathBuf,
        /// Who holds it.
        owner: Owner,
    },
    /// The content is not what Backdraft writes.
    #[error(
        "`{}`, line {line}, is not a valid record: {reason}; `--fresh` measures the run anew",
        path.display()
    )]
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
    /// Two records of one run disagree.
    #[error(
        "`{}` and `{}` are finished records of the same run but measured something else: one of them is \
         damaged (`backdraft check` tells which) or comes from another machine",
        first.display(),
        second.display()
    )]
    Contradiction {
        /// A record.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// No such run.
    #[error(
        "there is no run `{}` in `{}`; `backdraft list --runs` shows what there is",
        shortened(name),
        out.display()
    )]
    NoRun {
        /// What was asked for.
        name: String,
        /// Where it was looked for.
        out: PathBuf,
    },
}

impl RecordError {
    /// Wraps an I/O error with what was tried.
    pub fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| {
            if is_of_another_kind(&source) {
                Self::InTheWay { action, path, source }
            } else {
                Self::Io { action, path, source }
            }
        }
    }

    /// Wraps an I/O error with how much was to be written.
    pub fn write(path: impl Into<PathBuf>, needed: usize) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| {
            if is_of_another_kind(&source) {
                Self::InTheWay { action: "write", path, source }
            } else {
                Self::Write { path, needed, source }
            }
        }
    }

    /// What was found at `path` is not what a record has there.
    pub(super) fn of_another_kind(path: PathBuf, found: FileType) -> Self {
        let reason = if found.is_dir() {
            "it is a folder"
        } else if found.is_file() {
            "it is a file"
        } else if found.is_symlink() {
            "it is a link"
        } else {
            "it is a device or a pipe"
        };
        Self::InTheWay { action: "use", path, source: io::Error::other(reason) }
    }
}

/// Tells whether a folder was found for a file, or a file for a folder.
fn is_of_another_kind(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, IsADirectory, NotADirectory};
    matches!(error.kind(), AlreadyExists | DirectoryNotEmpty | IsADirectory | NotADirectory)
}
