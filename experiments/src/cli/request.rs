//! Options and steps that all commands with runs share.

use std::sync::Arc;

use backdraft_lab::{CheckpointEvery, Conclusion, Run, RunError, RunRequest};
use clap::Args;

use super::print::note;
use crate::progress::Bars;

/// Options for checkpoints.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct CheckpointArguments {
    /// How often a training saves a checkpoint: seconds (`10s`), steps (`500`) or `never`. With steps, the
    /// weights with the lowest test loss are kept.
    #[arg(long, default_value = "10s", value_name = "PERIOD")]
    pub(super) checkpoint_every: CheckpointEvery,
    /// How many of a training's latest checkpoints to keep until it ends.
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) keep_checkpoints: u16,
}

impl CheckpointArguments {
    /// Adds the options to a request.
    pub(super) fn of<'a>(&self, request: RunRequest<'a>) -> RunRequest<'a> {
        let kept = self.keep_checkpoints.into();
        request.checkpoint_every(self.checkpoint_every).keep_checkpoints(kept)
    }
}

/// Opens a run, prints notices about its record, and executes it without progress bars.
pub(super) fn execute_quietly(request: RunRequest<'_>) -> Result<Conclusion, RunError> {
    let run = open(request)?;
    let bars = Bars::new(run.trials() as u64, run.jobs(), true);
    run.execute(Arc::new(bars))
}

/// Opens a run and prints notices about its record.
pub(super) fn open(request: RunRequest<'_>) -> Result<Run<'_>, RunError> {
    let run = request.open()?;
    run.notices().iter().for_each(note);
    Ok(run)
}
