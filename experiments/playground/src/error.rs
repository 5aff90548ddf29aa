//! Why the playground has no answer.

use backdraft_datasets::DatasetError;
use backdraft_layers::InvalidField;
use burn::tensor::ExecutionError;

/// What is wrong with a request, or what went wrong while it was answered.
#[derive(Debug, thiserror::Error)]
pub enum PlaygroundError {
    /// A setting that no network can be built from, or one that would take too long.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The task has no data for these settings.
    #[error(transparent)]
    Data(#[from] DatasetError),
    /// A session that has expired, was pushed out by newer ones, or never was.
    #[error("there is no training session `{name}`: it has expired; start a new one")]
    NoSession {
        /// The name asked for.
        name: String,
    },
    /// The device failed.
    #[error("the device failed: {0:?}")]
    Device(#[from] ExecutionError),
    /// A training session ended without telling how.
    #[error("the training session broke off: {reason}")]
    BrokenOff {
        /// What it said.
        reason: String,
    },
}

impl PlaygroundError {
    /// Tells whether another request could be answered: the user has to change something.
    pub fn is_input(&self) -> bool {
        matches!(self, Self::Invalid(_) | Self::Data(_) | Self::NoSession { .. })
    }
}
