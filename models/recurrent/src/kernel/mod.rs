//! The sequence kernel of the CPU back end: a whole layer over time as one autodiff node.

mod cells;
mod math;
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
