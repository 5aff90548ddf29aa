//! The run record on disk: `runs/<experiment>/<id>/`.
//!
//! `run.json` tells what was run, with what and how it ended; `measurements/` holds one file of
//! JSON lines per trial, appended as the trial measures; `figures/` the pictures.

mod error;
mod folder;
mod id;
mod manifest;
mod measurements;
mod tail;

pub use error::RecordError;
pub use folder::RunFolder;
pub use id::run_id;
pub use manifest::{Manifest, SCHEMA, Status, Versions};
pub use measurements::{TrialWriter, read_trial};
pub(crate) use tail::Tail;
