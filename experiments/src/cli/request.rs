//! What the commands that execute runs have in common.

use std::sync::Arc;

use clap::Args;

use super::print::note;
use crate::progress::Bars;
use crate::run::{Conclusion, Run, RunError, RunRequest};
use crate::trial_record::CheckpointEvery;

/// How much a kill may cost.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct CheckpointArguments {
    /// How often a training keeps a checkpoint: seconds (`10s`), steps (`500`) or `never`. Counted in steps,
    /// the weights of the checkpoint with the lowest test loss stay.
    #[arg(long, default_value = "10s", value_name = "PERIOD")]
    pub(super) checkpoint_every: CheckpointEvery,
    /// How many of a training's latest checkpoints are kept until it ends.
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) keep_checkpoints: u16,
}

impl CheckpointArguments {
    /// Asks for checkpoints as the arguments say.
    pub(super) fn of<'a>(&self, request: RunRequest<'a>) -> RunRequest<'a> {
        let kept = self.keep_checkpoints.into();
        request.checkpoint_every(self.checkpoint_every).keep_checkpoints(kept)
    }
}

/// Opens a run, says what is to be said of its record, and executes it without a word on its progress.
pub(super) fn execute_quietly(request: RunRequest<'_>) -> Result<Conclusion, RunError> {
    let run = open(request)?;
    let bars = Bars::new(run.trials() as u64, run.jobs(), true);
    run.execute(Arc::new(bars))
}

/// Opens a run, and says what is to be said of its record.
pub(super) fn open(request: RunRequest<'_>) -> Result<Run<'_>, RunError> {
    let run = request.open()?;
    run.notices().iter().for_each(note);
    Ok(run)
}
