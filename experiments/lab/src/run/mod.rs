//! A run, from what is asked for to its closed record.
//!
//! [`RunRequest`] says what to run and how; [`open`](RunRequest::open) checks it, and locks the folder of
//! its record unless that is closed; [`execute`](Run::execute) measures what is missing, judges, and closes
//! the record. The command line, sweeps and tests all take this way.

mod close;
mod command;
mod conclusion;
mod config;
mod error;
mod execute;
mod needs;
mod notice;
mod open;
mod request;
mod silent;

use std::num::NonZero;
use std::thread;

pub use command::going_on;
pub use conclusion::Conclusion;
pub use error::RunError;
pub use error::find_experiment;
pub use notice::Notice;
pub use open::Run;
pub use request::RunRequest;
pub use silent::Silent;

/// The usual folder for run records.
pub const RUNS: &str = "runs";

/// Returns how many trials run side by side if nobody says: one on each core.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}
