//! The run record on disk: `runs/<experiment>/<id>/`.
//!
//! `run.json` tells what was run, with what and how it ended; `measurements/` holds one file of
//! JSON lines per trial, appended as the trial measures; `checkpoints/` what unfinished trials go on
//! from, and the best weights; `figures/` the pictures. `lock` tells who works on the run,
//! `SHA256SUMS` what the files of a closed one are.
//!
//! Closed means finished: every trial that is listed can be read back. A closed record is never changed
//! but by `--fresh`; it is used as it is, whichever build of the program measured it. One that another
//! build began and did not finish is put aside as `runs/<experiment>/<id>.aside-1`, because measurements
//! of two builds must not be mixed, and none may be lost.

mod aside;
mod checkpoints;
mod contents;
mod date;
mod error;
mod files;
mod folder;
mod id;
mod lock;
mod manifest;
mod measurements;
mod standing;
mod sums;
mod tail;

pub(crate) use aside::remove_aside;
pub(crate) use checkpoints::Checkpoints;
pub(crate) use date::utc;
pub use error::RecordError;
pub(crate) use folder::REPORT;
pub use folder::RunFolder;
pub use id::run_id;
pub use lock::{Owner, RunLock};
#[cfg(test)]
pub(crate) use manifest::tests;
pub use manifest::{Manifest, SCHEMA, Status, Versions};
pub use measurements::{TrialWriter, read_trial};
pub(crate) use standing::{Recorded, Standing};
pub use sums::{Comparison, Damage};
pub(crate) use tail::Tail;
