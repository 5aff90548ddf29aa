//! Why a training could not run.

use backdraft_layers::InvalidField;
use burn::tensor::ExecutionError;

/// Why a training could not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The device failed.
    #[error(transparent)]
    Device(#[from] ExecutionError),
    /// A small network of the zoo has a field out of range.
    #[error(transparent)]
    Config(#[from] InvalidField),
    /// A program names no architecture of the zoo.
    #[error("the zoo has no `{0}`; `backdraft zoo` lists what it has")]
    Unknown(&'static str),
}
