//! Sweeps: one experiment under many settings, spread over processes and machines.
//!
//! A description expands to runs ([`SweepSpec`], [`plan`]); each is an ordinary run with its id, so
//! that finished ones are found again wherever they were made ([`collect`]).

mod collect;
mod draw;
mod plan;
mod shard;
mod spec;

pub use collect::{Collected, Collection, collect};
pub use plan::{Planned, RunState, is_of_another_build, plan, state};
pub use shard::Shard;
pub use spec::{Changes, SpecError, SweepSpec};
