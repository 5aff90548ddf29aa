//! The sequence kernel for the CPU back end: a whole layer over time as a single autodiff node.

mod backward;
mod cells;
mod node;
mod passes;
mod product;
mod rows;

pub(crate) use node::{Extras, Probes, run};

/// The sizes of a sequence.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    time: usize,
    batch: usize,
    hidden: usize,
}

/// The cells that the kernel supports. The others take the plain path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Rnn,
    ReluRnn,
    Lstm,
    Gru,
}

impl Cell {
    /// Returns the kernel's cell for a configured one, if supported.
    pub(crate) fn of(cell: backdraft_spec::Cell) -> Option<Self> {
        use backdraft_spec::Cell as Configured;

        match cell {
            Configured::Rnn => Some(Self::Rnn),
            Configured::ReluRnn => Some(Self::ReluRnn),
            Configured::Lstm => Some(Self::Lstm),
            Configured::Gru => Some(Self::Gru),
            Configured::CoupledLstm | Configured::PeepholeLstm | Configured::LayerNormLstm => None,
        }
    }

    /// Returns the number of blocks of hidden size in the projections.
    fn gates(self) -> usize {
        match self {
            Self::Rnn | Self::ReluRnn => 1,
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }
}
