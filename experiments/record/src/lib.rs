#![doc = include_str!("../README.md")]

mod about;
mod aside;
mod contents;
mod date;
mod error;
mod factors;
mod files;
#[doc(hidden)]
pub mod fixtures;
mod folder;
mod id;
mod lock;
mod manifest;
mod mark;
mod measurements;
mod picture;
mod profile;
mod results;
mod standing;
mod sums;
mod tail;
mod thinned;
mod whole_file;

pub use about::{About, Preset};
pub use aside::remove_aside;
pub use date::utc;
pub use error::RecordError;
pub use factors::{Factors, trial_name};
pub use files::entries;
pub use folder::{REPORT, RunFolder};
pub use id::run_id;
pub use lock::{Owner, RunLock};
pub use manifest::{Manifest, SCHEMA, Status, Versions};
pub use mark::Mark;
pub use measurements::{TrialWriter, read_trial};
pub use picture::{Picture, Point, Series};
pub use profile::{Profile, Profiled, by_layer};
pub use results::{Ending, Results, TrialResult, by_step, thinned};
pub use standing::{Recorded, Standing};
pub use sums::{Comparison, Damage};
pub use tail::Tail;
pub use thinned::Thinned;
pub use whole_file::{fill_whole, parent, sync_folder, write_bytes, write_whole};
