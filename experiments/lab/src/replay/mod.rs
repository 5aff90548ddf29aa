//! Trials of recorded runs repeated around one step, and trainings compared measurement by measurement.

mod courses;
mod rows;
mod trace;

use std::time::Instant;

use anyhow::{anyhow, bail};
use backdraft_record::{Manifest, RecordError, RunFolder};
use backdraft_rows::{Row, Story};
use backdraft_trainer::{Checkpoint, ExampleBatch, Replay};
use serde::Serialize;

pub use courses::{Course, TracedRuns};
pub use rows::{RowsError, read_rows};
pub use trace::{Difference, Trace};

use crate::backend::Backend;
use crate::checkpoints::Checkpoints;
use crate::panics::caught;
use crate::trial::Trial;

/// A replay of a trial, before it begins.
pub struct TrialReplay<'a> {
    trial: &'a Trial,
    manifest: &'a Manifest,
    replay: Replay,
    from: Option<Checkpoint>,
    recorded: Vec<Row>,
    warnings: Vec<String>,
}

/// What a replay of a trial found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReplayedTrial {
    /// The run.
    pub run: String,
    /// The trial.
    pub trial: String,
    /// The seed, which with the step decides the batch.
    pub seed: u64,
    /// The step that was asked for.
    pub at: u64,
    /// The step of the checkpoint from which it was replayed; 0 is the start.
    pub from: u64,
    /// How long it took.
    pub seconds: f64,
    /// The run's own measurements beside those of the replay.
    pub repeated: Trace,
    /// What left its range.
    pub story: Story,
    /// The batch of the cause, or of the step that was asked for.
    pub batch: Option<ExampleBatch>,
    /// Every measurement of the steps that were asked for.
    pub rows: Vec<Row>,
}

impl<'a> TrialReplay<'a> {
    /// Prepares a replay: from the latest checkpoint before the steps that tell what is usual, else
    /// from the latest before the steps that were asked for, else from the start.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if the checkpoints cannot be listed, [`RowsError`] if the measurements cannot be
    /// read.
    pub fn prepare(
        folder: &RunFolder,
        manifest: &'a Manifest,
        trial: &'a Trial,
        replay: Replay,
    ) -> anyhow::Result<Self> {
        let (mut from, mut warnings) = (None::<Checkpoint>, Vec::new());
        for found in Checkpoints::of(folder, &trial.name(), 1).latest_first()? {
            match found {
                Ok((checkpoint, _)) if checkpoint.step() <= replay.lead() => {
                    from = Some(checkpoint);
                    break;
                }
                Ok((checkpoint, _)) if checkpoint.step() <= replay.first() => {
                    from.get_or_insert(checkpoint);
                }
                Ok(_) => {}
                Err(error) => warnings.push(error.to_string()),
            }
        }
        let path = folder.trial_path(&trial.name());
        let recorded = if path.is_file() { read_rows(&path)? } else { Vec::new() };
        Ok(Self { trial, manifest, replay, from, recorded, warnings })
    }

    /// Returns what was wrong with checkpoints that are passed over.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns the step from which it replays; 0 is the start.
    pub fn from(&self) -> u64 {
        self.from.as_ref().map_or(0, Checkpoint::step)
    }

    /// Returns the number of steps that it takes.
    pub fn steps(&self) -> u64 {
        (self.replay.last() + 1).saturating_sub(self.from())
    }

    /// Replays the trial on the run's back end.
    ///
    /// # Errors
    ///
    /// A back end that is not there, a trial that fails, does not train, or ends before the step.
    pub fn run(self) -> anyhow::Result<ReplayedTrial> {
        let start = Instant::now();
        let from = self.from();
        let Self { trial, manifest, replay, recorded, .. } = self;
        let (_, device) = Backend::select(Some(&manifest.backend))?;
        let replayed = replay.run(self.from, &recorded, |listener| {
            let outcome = caught(|| trial.task.run(&device, listener));
            outcome.map_err(|panic| anyhow!("the trial panicked: {panic}"))?
        })?;
        let Some(reached) = replayed.reached else {
            bail!(
                "`{}` takes no steps that can be replayed: it measures without training, or in a loop of its \
                   own",
                trial.name()
            );
        };
        if reached < replay.step() {
            bail!(
                "the training of `{}` ends at step {reached}: `--at` takes steps from 0 to {reached}",
                trial.name()
            );
        }
        let (first, last) = (replay.first(), replay.last());
        let steps = |row: &&Row| (from..=last).contains(&row.step);
        let own: Vec<Row> = recorded.iter().filter(steps).cloned().collect();
        let repeated = Trace::between(&own, &replayed.rows, 0.0);
        let mut rows = replayed.rows;
        rows.retain(|row| (first..=last).contains(&row.step));
        Ok(ReplayedTrial {
            run: manifest.id.clone(),
            trial: trial.name(),
            seed: trial.seed,
            at: replay.step(),
            from,
            seconds: start.elapsed().as_secs_f64(),
            repeated,
            story: replayed.story,
            batch: replayed.batch,
            rows,
        })
    }
}

/// Finds a trial by its name or the start of it.
///
/// # Errors
///
/// The nearest name, or the first names that begin so.
pub fn find_trial<'a>(trials: &'a [Trial], name: &str) -> anyhow::Result<&'a Trial> {
    let names: Vec<String> = trials.iter().map(Trial::name).collect();
    if let Some(at) = names.iter().position(|known| known == name) {
        return Ok(&trials[at]);
    }
    let begun: Vec<usize> = (0..names.len()).filter(|at| names[*at].starts_with(name)).collect();
    match begun[..] {
        [at] => Ok(&trials[at]),
        [] => {
            let unknown = backdraft_text::unknown("trial", name, names.iter().map(String::as_str));
            Err(anyhow!("{unknown} The run has {} trials", names.len()))
        }
        [a, b, ..] => Err(anyhow!(
            "{} trials begin with `{}`: `{}`, `{}` …; name one of them",
            begun.len(),
            backdraft_text::shortened(name),
            names[a],
            names[b]
        )),
    }
}

/// Finds a run as [`RunFolder::find`] does, or names the one most like it.
///
/// # Errors
///
/// If there is no such run.
pub fn find_run(out: &std::path::Path, name: &str) -> anyhow::Result<RunFolder> {
    RunFolder::find(out, name).map_err(|error| {
        let ids: Vec<String> = RunFolder::list(out).iter().map(RunFolder::id).collect();
        match error {
            RecordError::NoRun { .. } if !ids.is_empty() => {
                let unknown = backdraft_text::unknown("run", name, ids.iter().map(String::as_str));
                anyhow!("{unknown} `backdraft list --runs` shows all in `{}`", out.display())
            }
            error => error.into(),
        }
    })
}
