//! The kinds of recurrence.

use serde::{Deserialize, Serialize};

/// What happens at one time step, with W x + b for the projected input and U h + b' for the
/// projected state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// h ← tanh(W x + b + U h + b') (Elman 1990).
    Rnn,
    /// h ← max(0, W x + b + U h + b') (Le, Jaitly & Hinton 2015).
    ReluRnn,
    /// Long short-term memory with forget gate (Hochreiter & Schmidhuber 1997; Gers et al. 2000):
    /// c ← f c + i g, h ← o tanh(c), with gates in the order i, f, g, o.
    #[default]
    Lstm,
    /// Gated recurrent unit (Cho et al. 2014) as in PyTorch and cuDNN:
    /// n = tanh(W x + b + r (U h + b')), h ← (1 − z) n + z h, with gates in the order r, z, n.
    Gru,
}

impl Cell {
    /// Returns how many blocks of hidden size the projections have.
    pub fn gates(self) -> usize {
        match self {
            Self::Rnn | Self::ReluRnn => 1,
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }
}

/// Which time steps the head reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readout {
    /// The last one.
    #[default]
    Last,
    /// Every one.
    Every,
}
