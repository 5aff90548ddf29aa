//! The run record on disk: `runs/<experiment>/<id>/`.
//!
//! `run.json` tells what was run, with what and how it ended; `measurements/` holds one file of
//! JSON lines per trial, appended as the trial measures; `checkpoints/` what unfinished trials go on
//! from, and the best weights; `figures/` the pictures. `lock` tells who works on the run,
//! `SHA256SUMS` what the files of a closed one are.

mod checkpoints;
mod error;
mod folder;
mod id;
mod lock;
mod manifest;
mod measurements;
mod sums;
mod tail;
mod whole_file;

pub(crate) use checkpoints::Checkpoints;
pub use error::RecordError;
pub use folder::RunFolder;
pub use id::run_id;
pub use lock::{Owner, RunLock};
#[cfg(test)]
pub(crate) use manifest::tests;
pub use manifest::{Manifest, SCHEMA, Status, Versions};
pub use measurements::{TrialWriter, read_trial};
pub use sums::{Comparison, Damage};
pub(crate) use tail::Tail;
