//! From arguments to runs, and what the terminal shows of them.

use std::sync::Arc;

use super::Failure;
use super::arguments::{CheckpointArguments, RunArguments};
use super::print::note;
use crate::interrupt::Interrupt;
use crate::progress::Bars;
use crate::run::{Conclusion, Run, RunError, RunRequest};
use crate::settings::Overlay;
use crate::study::Spectator;
#[cfg(unix)]
use crate::watch::Watch;

/// Makes a request of the arguments: the settings of `--config`, then `--set`, then `--seeds`.
pub(super) fn request(
    arguments: &RunArguments,
    interrupt: &Interrupt,
) -> Result<RunRequest<'static>, Failure> {
    let RunArguments { name, preset, seeds, backend, jobs, out, set, config, .. } = arguments;
    let request = RunRequest::named(name)?.preset(*preset).out(out).fresh(arguments.fresh);
    let mut request = arguments.checkpoints.of(request).interrupt(interrupt.clone());
    if let Some(path) = config {
        request = request.overlay(Overlay::read(path)?);
    }
    for argument in set {
        request = request.overlay(Overlay::parse(argument).map_err(Failure::input)?);
    }
    request = seeds.iter().fold(request, |request, seeds| request.seeds(*seeds));
    request = backend.iter().fold(request, RunRequest::backend);
    Ok(jobs.iter().fold(request, |request, jobs| request.jobs((*jobs).into())))
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

/// The full-screen view if it is wanted and the terminal has room for it, else progress bars.
pub(super) fn spectator(
    arguments: &RunArguments,
    run: &Run<'_>,
    interrupt: &Interrupt,
) -> Arc<dyn Spectator> {
    let (trials, jobs) = (run.trials() as u64, run.jobs());
    if arguments.watch && !run.is_closed() {
        #[cfg(unix)]
        let reason = match Watch::open(&arguments.name, trials, jobs, interrupt) {
            Ok(watch) => return Arc::new(watch),
            Err(reason) => reason,
        };
        #[cfg(not(unix))]
        let reason = "it is there on Unix alone";
        note(format!("no full-screen view: {reason}; progress bars instead"));
    }
    Arc::new(Bars::new(trials, jobs, arguments.quiet || arguments.json || run.is_closed()))
}

/// What a run that was not concluded means to the command line.
impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Locked(_) => Self::Locked(error.into()),
            RunError::Record(_) | RunError::Report(_) => Self::Run(error.into()),
            RunError::Interrupted { .. } => Self::Interrupted(error.into()),
            RunError::Trials(error) => Self::Input(error),
            other => Self::Input(other.into()),
        }
    }
}
