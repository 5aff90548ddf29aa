#![doc = include_str!("../README.md")]

mod cli;
mod laboratory;
mod progress;
mod serve;
mod terminal;
#[cfg(unix)]
mod watch;

pub use backdraft_catalogue::{EXPERIMENTS, GROUPS, Group, experiment};
pub use backdraft_datasets as datasets;
pub use backdraft_hooks as hooks;
pub use backdraft_lab::parity::{Difference, Subject, difference, subjects};
pub use backdraft_lab::settings::{Overlay, Settings, SettingsError, resolve, to_table};
pub use backdraft_lab::*;
pub use backdraft_layers as layers;
pub use backdraft_playground as playground;
pub use backdraft_record::*;
pub use backdraft_rows as rows;
pub use backdraft_text::nearest;
pub use backdraft_theory as theory;
pub use backdraft_trainer as trainer;
pub use backdraft_verdicts::{
    Effect, Ruling, Sample, Statement, Successes, Times, Verdict, in_every_case, rises_along,
    statistics,
};
pub use backdraft_zoo as zoo;
pub use laboratory::Laboratory;
/// The allocator of `backdraft`: make it the global one of a program that trains.
pub use mimalloc::MiMalloc as Allocator;
pub use progress::Bars;
