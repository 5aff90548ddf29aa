//! How far the measurements of a trial had come at a checkpoint.

use serde::{Deserialize, Serialize};

/// What a checkpoint remembers of the trial's record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Bytes of the measurements that were made before it.
    pub bytes: u64,
    /// SHA-256 of these bytes.
    pub sha256: String,
    /// Latest test loss, if the trial has any.
    pub test_loss: Option<f64>,
    /// Lowest test loss that a checkpoint has followed.
    pub best: Option<f64>,
}
