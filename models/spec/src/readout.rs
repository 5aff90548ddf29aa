//! The time steps that a head reads.

use serde::{Deserialize, Serialize};

/// Which time steps the head reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readout {
    /// The last one. For a reverse layer, this is the one that it computes last: the first in time.
    #[default]
    Last,
    /// Every one.
    Every,
}
