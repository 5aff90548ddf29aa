//! The sequence kernel of the CPU back end: a whole layer over time as one autodiff node.

mod cells;
mod node;
mod passes;
mod product;
mod rows;

pub(crate) use node::{Probes, run};

/// The sizes of a sequence.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    time: usize,
    batch: usize,
    hidden: usize,
}

/// The cells that it computes; the others take the plain path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Rnn,
    ReluRnn,
    Lstm,
    Gru,
}

impl Cell {
    /// Returns the kernel's cell for that of a configuration, if it has it.
    pub(crate) fn of(cell: crate::cell::Cell) -> Option<Self> {
        use crate::cell::Cell as Configured;

        match cell {
            Configured::Rnn => Some(Self::Rnn),
            Configured::ReluRnn => Some(Self::ReluRnn),
            Configured::Lstm => Some(Self::Lstm),
            Configured::Gru => Some(Self::Gru),
            Configured::CoupledLstm | Configured::PeepholeLstm | Configured::LayerNormLstm => None,
        }
    }

    /// Returns how many blocks of hidden size the projections have.
    fn gates(self) -> usize {
        match self {
            Self::Rnn | Self::ReluRnn => 1,
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }
}
