//! Why a run is not concluded.

use std::io;
use std::path::PathBuf;

use backdraft_record::RecordError;
use backdraft_text::unknown;

use crate::backend::BackendError;
use crate::experiment::Entry;
use crate::memory::TooLittleMemory;
use crate::settings::SettingsError;

/// Why a run is not concluded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The catalogue has no such experiment.
    #[error("{0} `backdraft list` shows all")]
    UnknownExperiment(
        /// What was asked for, and the most similar name.
        String,
    ),
    /// A file with settings cannot be read.
    #[error("cannot read `{}`", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file with settings is not TOML.
    #[error("`{}`, line {line}: {reason}", path.display())]
    ConfigForm {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A setting does not fit.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The back end among the settings is no name.
    #[error(
        "{origin}: `backend = {value}` does not fit: expected the name of a back end, such as \"flex\""
    )]
    BackendName {
        /// The file's path, or `settings`.
        origin: String,
        /// The value, in TOML.
        value: String,
    },
    /// The back end cannot be used.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// Data cannot be had, or a network cannot be built.
    #[error(transparent)]
    Trials(anyhow::Error),
    /// There is less memory than the run needs; nothing has been written.
    #[error("`{experiment}` {memory}: {remedy}")]
    Memory {
        /// The experiment.
        experiment: &'static str,
        /// What it needs and what there is.
        memory: TooLittleMemory,
        /// What to lower.
        remedy: String,
    },
    /// The folder of the record cannot be used; nothing has been measured.
    #[error(transparent)]
    Folder(RecordError),
    /// Another process works on the run.
    #[error(transparent)]
    Locked(RecordError),
    /// The record cannot be read, written or closed.
    #[error(transparent)]
    Record(RecordError),
    /// The measurements have no form in JSON, of which the report is made.
    #[error(transparent)]
    Report(#[from] serde_json::Error),
    /// Someone stopped the run; the command goes on with it.
    #[error("interrupted with {done} of {trials} trials done; go on with: {command}")]
    Interrupted {
        /// Trials that have ended.
        done: usize,
        /// All trials.
        trials: usize,
        /// The command.
        command: String,
    },
}

/// An error in the record; one of a lock is another process's doing.
impl From<RecordError> for RunError {
    fn from(error: RecordError) -> Self {
        if matches!(error, RecordError::Locked { .. }) {
            Self::Locked(error)
        } else {
            Self::Record(error)
        }
    }
}

/// Finds an experiment by its name, or names the one most like it.
///
/// # Errors
///
/// [`RunError::UnknownExperiment`].
pub fn find_experiment(
    experiments: &[&'static dyn Entry],
    name: &str,
) -> Result<&'static dyn Entry, RunError> {
    let found = experiments.iter().find(|experiment| experiment.about().name == name);
    found.copied().ok_or_else(|| {
        let names = experiments.iter().map(|experiment| experiment.about().name);
        RunError::UnknownExperiment(unknown("experiment", name, names))
    })
}
