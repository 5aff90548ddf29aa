//! What can stop a watch.

use std::sync::Arc;
use std::{fmt, io};

use crate::observation::ObservationError;

/// Why nothing more was measured.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum WatchError {
    /// An observation failed.
    Observation(ObservationError),
    /// The sink could not take rows.
    Sink(Arc<io::Error>),
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Observation(error) => write!(f, "{error}"),
            Self::Sink(error) => write!(f, "the rows could not be written: {error}"),
        }
    }
}

impl std::error::Error for WatchError {}
