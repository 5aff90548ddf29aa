//! A laboratory of my own: everything that `backdraft` does, with my network, experiment and data.

mod architecture;
mod data;
mod experiment;

use std::process::ExitCode;

use backdraft::{Allocator, Laboratory};

/// Keeps the pages of large tensors, which makes small trainings about twice as fast.
#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> ExitCode {
    Laboratory::new()
        .with_architecture::<architecture::MyConfig>()
        .with_experiment::<experiment::MyExperiment>()
        .with_data(data::MyData)
        .main()
}
