//! What is to be said of a record before anything is measured.

use std::fmt;
use std::path::PathBuf;

use backdraft_record::{Manifest, Owner, Versions, utc};

/// Something that a user should know of the record, and need not act on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// Another build has measured it; its record is closed and used as it is.
    OfAnotherBuild {
        /// The folder.
        folder: PathBuf,
        /// Which build.
        versions: Versions,
        /// When, in seconds since 1970.
        started_unix: u64,
    },
    /// Another build had begun it; that record is kept and the run starts again.
    PutAside {
        /// The folder of the run.
        folder: PathBuf,
        /// Which build and when, if the record tells.
        by: Option<(Versions, u64)>,
        /// Where the old record is.
        aside: PathBuf,
    },
    /// It was closed, and has lost measurements since; they are measured again.
    Lost {
        /// The folder.
        folder: PathBuf,
        /// The files.
        lost: Vec<String>,
    },
    /// A process has died at its work on it; this one goes on.
    TakenOver {
        /// The folder.
        folder: PathBuf,
        /// Who has died.
        owner: Owner,
    },
}

impl Notice {
    pub(super) fn put_aside(folder: PathBuf, manifest: Option<&Manifest>, aside: PathBuf) -> Self {
        let by = manifest.map(|manifest| (manifest.versions.clone(), manifest.started_unix));
        Self::PutAside { folder, by, aside }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfAnotherBuild { folder, versions, started_unix } => write!(
                f,
                "`{}` was measured on {} by another build ({versions}) and is used as it is; `--fresh` \
                 measures it anew",
                folder.display(),
                utc(*started_unix)
            ),
            Self::PutAside { folder, by, aside } => {
                write!(f, "`{}` was begun by ", folder.display())?;
                match by {
                    Some((versions, started)) => {
                        write!(f, "another build ({versions}) on {}", utc(*started))?;
                    }
                    None => write!(f, "a build that its run.json does not tell")?,
                }
                let aside = aside.display();
                write!(f, " and is measured anew; what was measured is kept in `{aside}`")
            }
            Self::Lost { folder, lost } => write!(
                f,
                "`{}` was closed, and `{}` is missing or cut off since: it is measured again",
                folder.display(),
                lost.join("`, `")
            ),
            Self::TakenOver { folder, owner } => {
                write!(f, "`{}` was left by {owner}: going on", folder.display())
            }
        }
    }
}
