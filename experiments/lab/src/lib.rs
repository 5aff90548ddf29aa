#![doc = include_str!("../README.md")]

mod backend;
mod checkpoints;
mod experiment;
mod interrupt;
pub mod measure;
pub mod memory;
pub mod panics;
pub mod parity;
mod replay;
mod run;
pub mod settings;
mod study;
mod sweep;
mod trial;
mod trial_record;
mod xray;

pub use backend::{
    AMPLIFIED, BACKEND_VARIABLE, BACKENDS, Backend, BackendError, DeviceInfo, Precision,
};
pub use checkpoints::Checkpoints;
pub use experiment::{Entry, Experiment, Listed, Prepared};
pub use interrupt::{AtStake, INTERRUPTED, Interrupt};
pub use replay::*;
pub use run::*;
pub use study::{Spectator, StudyOptions, run_study};
pub use sweep::*;
pub use trial::{Memory, Task, Trial, Work};
pub use trial_record::CheckpointEvery;
pub use xray::*;
