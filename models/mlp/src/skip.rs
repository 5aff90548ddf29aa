//! Connections around hidden layers.

use serde::{Deserialize, Serialize};

/// What is added to the output of a hidden layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// Nothing: h ← f(h).
    #[default]
    None,
    /// The layer's input: h ← h + f(h) (He et al. 2016, eq. 1), where the widths agree.
    Residual,
}
