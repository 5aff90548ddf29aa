//! Runs the trials of an experiment side by side and keeps what they measure.

use std::collections::HashSet;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use backdraft_layers::{threads, with_threads};
use backdraft_record::{Ending, Factors, RecordError, Results, RunFolder};
use backdraft_rows::Row;
use backdraft_text::in_one_line;
use backdraft_trainer::{Outcome, Progress};
use burn::tensor::Device;

use crate::interrupt::Interrupt;
use crate::panics::caught;
use crate::trial::Trial;
use crate::trial_record::{CheckpointEvery, TrialRecord};

/// Hears what the workers of a study do; called from their threads.
pub trait Spectator: Sync {
    /// A worker starts a trial.
    fn started(&self, worker: usize, trial: &Trial);
    /// A trial has gone on.
    fn progress(&self, worker: usize, progress: Progress);
    /// A trial has measured something.
    fn measured(&self, worker: usize, rows: &[Row]);
    /// A worker has ended a trial.
    fn ended(&self, worker: usize, trial: &Trial, ending: &Ending);
    /// Something in the record was worked around.
    fn warned(&self, warning: &str);
}

/// How a study is carried out; none of it changes what is measured.
#[derive(Clone, Debug)]
pub struct StudyOptions {
    /// Trials side by side.
    pub jobs: usize,
    /// When trials are checkpointed.
    pub checkpoint_every: CheckpointEvery,
    /// How many of a trial's latest checkpoints are kept, at least one.
    pub checkpoints_kept: usize,
    /// Who may stop it.
    pub interrupt: Interrupt,
}

impl Default for StudyOptions {
    fn default() -> Self {
        Self {
            jobs: 1,
            checkpoint_every: CheckpointEvery::DEFAULT,
            checkpoints_kept: 2,
            interrupt: Interrupt::default(),
        }
    }
}

/// Runs the trials that `folder` does not hold yet and returns all results.
///
/// A trial that was cut off goes on from its latest checkpoint. One that is interrupted has no result
/// yet. A trial that fails is recorded as failed, with its message, and the others go on; it is tried
/// again the next time. Results do not depend on the options: each trial has its own file and draws from
/// its own seed. The cores are shared out over the jobs, so that a single trial has them all.
///
/// # Errors
///
/// [`RecordError`] if the record cannot be read or written; no further trial is started then.
pub fn run_study(
    trials: &[Trial],
    folder: &RunFolder,
    device: &Device,
    options: &StudyOptions,
    spectator: &dyn Spectator,
) -> Result<Results, RecordError> {
    let names: Vec<String> = trials.iter().map(Trial::name).collect();
    let done = folder.trials(names.iter().map(String::as_str))?;
    let kept = done.iter().filter(|result| !matches!(result.ending, Ending::Failed { .. }));
    let kept: HashSet<(&Factors, u64)> =
        kept.map(|result| (&result.factors, result.seed)).collect();
    let is_done = |trial: &Trial| kept.contains(&(&trial.factors, trial.seed));
    let mut missing: Vec<&Trial> = trials.iter().filter(|trial| !is_done(trial)).collect();
    missing.sort_by_key(|trial| std::cmp::Reverse(trial.cost));

    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let work = |worker: usize| -> Result<(), RecordError> {
        while !stop.load(Ordering::Relaxed) && !options.interrupt.is_requested() {
            let Some(trial) = missing.get(next.fetch_add(1, Ordering::Relaxed)) else {
                break;
            };
            let outcome = run_trial(trial, folder, device, options, worker, spectator);
            stop.fetch_or(outcome.is_err(), Ordering::Relaxed);
            outcome?;
        }
        Ok(())
    };
    let jobs = options.jobs.max(1);
    let share = NonZero::new(threads() / jobs).unwrap_or(NonZero::<usize>::MIN);
    let work = |worker| with_threads(share, || work(worker));
    thread::scope(|scope| {
        let work = &work;
        let mut workers = Vec::new();
        for worker in 0..jobs {
            match thread::Builder::new().spawn_scoped(scope, move || work(worker)) {
                Ok(started) => workers.push(started),
                Err(reason) => {
                    spectator.warned(&format!(
                        "{worker} of {jobs} workers could be started: {reason}; the run goes on with \
                         {}",
                        worker.max(1)
                    ));
                    break;
                }
            }
        }
        // Where no thread can be had there is still this one.
        let own = if workers.is_empty() { work(0) } else { Ok(()) };
        // A worker catches the panics of its trials, so that joining it cannot fail.
        let others = workers.into_iter().flat_map(thread::ScopedJoinHandle::join);
        others.chain([own]).collect::<Result<(), _>>()
    })?;
    Ok(Results::new(folder.trials(names.iter().map(String::as_str))?))
}

fn run_trial(
    trial: &Trial,
    folder: &RunFolder,
    device: &Device,
    options: &StudyOptions,
    worker: usize,
    spectator: &dyn Spectator,
) -> Result<(), RecordError> {
    spectator.started(worker, trial);
    let mut record = TrialRecord::open(trial, folder, options, worker, spectator)?;
    let outcome = caught(|| trial.task.run(device, &mut record));
    let ending = match outcome {
        Ok(Ok(Outcome::Finished)) => Ending::Finished,
        Ok(Ok(Outcome::Interrupted { .. })) => return Ok(()),
        Ok(Ok(Outcome::Diverged { step, subject })) => Ending::Diverged { step, subject },
        Ok(Err(error)) => Ending::Failed { message: in_one_line(&error) },
        Err(panic) => Ending::Failed { message: format!("panicked: {panic}") },
    };
    record.end(&ending)?;
    spectator.ended(worker, trial, &ending);
    Ok(())
}
