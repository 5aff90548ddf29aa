//! Kinds of recurrence.

use serde::{Deserialize, Serialize};

/// The update at one time step, where W x + b is the projected input and U h + b' the projected
/// state.
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
    /// LSTM whose input gate is 1 − f (Greff et al. 2017, CIFG): c ← f c + (1 − f) g, with gates in
    /// the order f, g, o.
    CoupledLstm,
    /// LSTM whose gates see the memory of their own unit (Gers & Schmidhuber 2000): i and f see the
    /// previous one, o the new one. The peepholes start at zero, so the network starts as the plain
    /// LSTM of the same seed.
    PeepholeLstm,
    /// LSTM with layer normalisation of W x, of U h, and of the memory where h is computed from it
    /// (Ba, Kiros & Hinton 2016, eq. 20–22). The shifts of the normalisations replace b and b'.
    LayerNormLstm,
    /// Gated recurrent unit (Cho et al. 2014) as in PyTorch and cuDNN:
    /// n = tanh(W x + b + r (U h + b')), h ← (1 − z) n + z h, with gates in the order r, z, n.
    Gru,
}

impl Cell {
    /// Returns the number of blocks of hidden size in the projections.
    pub fn gates(self) -> usize {
        match self {
            Self::Rnn | Self::ReluRnn => 1,
            Self::CoupledLstm | Self::Gru => 3,
            Self::Lstm | Self::PeepholeLstm | Self::LayerNormLstm => 4,
        }
    }

    /// Returns whether there is a memory c besides the state h.
    pub fn has_memory(self) -> bool {
        !matches!(self, Self::Rnn | Self::ReluRnn | Self::Gru)
    }

    /// Returns the block of the gate that keeps the old content when open: f or z.
    pub fn keeping_gate(self) -> Option<usize> {
        match self {
            Self::Rnn | Self::ReluRnn => None,
            Self::CoupledLstm => Some(0),
            _ => Some(1),
        }
    }

    /// Returns the block of the gate that admits new content, if it is a separate gate.
    pub fn input_gate(self) -> Option<usize> {
        (self.has_memory() && self != Self::CoupledLstm).then_some(0)
    }
}
