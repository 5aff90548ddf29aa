//! What is asked for.

use std::path::PathBuf;

use backdraft_record::{Preset, run_id};
use toml::{Table, Value};

use super::config::backend_of;
use super::error::{RunError, find_experiment};
use super::open::{Asked, Run, open};
use super::{RUNS, cores};
use crate::backend::Backend;
use crate::experiment::Entry;
use crate::interrupt::Interrupt;
use crate::settings::{Overlay, SettingsError};
use crate::study::StudyOptions;
use crate::trial_record::CheckpointEvery;

/// The name of the command line.
const PROGRAM: &str = "backdraft";

/// An experiment with its settings, and how it is to be run.
///
/// | what | default |
/// |---|---|
/// | `preset` | `quick` |
/// | `backend` | `$BACKDRAFT_BACKEND`, or the default one |
/// | `program` | `backdraft` |
/// | `out` | `runs` |
/// | `jobs` | one trial on each core |
/// | `checkpoint_every`, `keep_checkpoints` | 10 s, 2 |
///
/// Only experiment, settings and back end determine what is measured, and the id of the run.
#[derive(Clone)]
#[must_use = "nothing is run before `open` and `execute`"]
pub struct RunRequest<'a> {
    experiment: &'a dyn Entry,
    preset: Preset,
    overlays: Vec<Overlay>,
    seeds: Option<u64>,
    backend: Option<String>,
    program: String,
    out: PathBuf,
    is_fresh: bool,
    options: StudyOptions,
}

impl RunRequest<'static> {
    /// Asks for one of some experiments by its name.
    ///
    /// # Errors
    ///
    /// [`RunError::UnknownExperiment`].
    pub fn named(experiments: &[&'static dyn Entry], name: &str) -> Result<Self, RunError> {
        find_experiment(experiments, name).map(Self::new)
    }
}

impl<'a> RunRequest<'a> {
    /// Asks for an experiment, of the catalogue or of your own.
    pub fn new(experiment: &'a dyn Entry) -> Self {
        Self {
            experiment,
            preset: Preset::default(),
            overlays: Vec::new(),
            seeds: None,
            backend: None,
            program: PROGRAM.to_owned(),
            out: RUNS.into(),
            is_fresh: false,
            options: StudyOptions { jobs: cores(), ..StudyOptions::default() },
        }
    }

    /// Starts from the settings of a preset.
    pub fn preset(self, preset: Preset) -> Self {
        Self { preset, ..self }
    }

    /// Changes a setting, whose key may be dotted.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Deep`] if the key has more parts than any setting has. Whether there is such a
    /// setting, and the value fits, is checked by [`open`](Self::open).
    pub fn set(self, key: &str, value: impl Into<Value>) -> Result<Self, SettingsError> {
        Ok(self.overlay(Overlay::new("settings", key, value.into())?))
    }

    /// Changes settings, after those that were changed before.
    pub fn overlay(mut self, overlay: Overlay) -> Self {
        self.overlays.push(overlay);
        self
    }

    /// Sets the number of seeds, whatever the other settings say.
    pub fn seeds(self, seeds: u64) -> Self {
        Self { seeds: Some(seeds), ..self }
    }

    /// Computes on a back end, whatever the settings say.
    pub fn backend(self, name: impl Into<String>) -> Self {
        Self { backend: Some(name.into()), ..self }
    }

    /// Sets the name of the program in the command that repeats the run, which its record keeps.
    pub fn program(self, name: impl Into<String>) -> Self {
        Self { program: name.into(), ..self }
    }

    /// Keeps the record below a folder.
    pub fn out(self, folder: impl Into<PathBuf>) -> Self {
        Self { out: folder.into(), ..self }
    }

    /// Runs so many trials side by side; results do not depend on it.
    pub fn jobs(self, jobs: usize) -> Self {
        Self { options: StudyOptions { jobs: jobs.max(1), ..self.options }, ..self }
    }

    /// Measures anew what is recorded already. The old record goes when the new one is closed.
    pub fn fresh(self, is_fresh: bool) -> Self {
        Self { is_fresh, ..self }
    }

    /// Sets how often a training is checkpointed.
    pub fn checkpoint_every(self, period: CheckpointEvery) -> Self {
        Self { options: StudyOptions { checkpoint_every: period, ..self.options }, ..self }
    }

    /// Sets how many of a training's latest checkpoints are kept until it ends.
    pub fn keep_checkpoints(self, kept: usize) -> Self {
        Self { options: StudyOptions { checkpoints_kept: kept, ..self.options }, ..self }
    }

    /// Lets someone stop the run.
    pub fn interrupt(self, interrupt: Interrupt) -> Self {
        Self { options: StudyOptions { interrupt, ..self.options }, ..self }
    }

    /// Checks what is asked for, and locks the folder of its record unless that is closed.
    ///
    /// # Errors
    ///
    /// [`RunError`] for what cannot be run, [`RunError::Locked`] if another process works on it.
    pub fn open(mut self) -> Result<Run<'a>, RunError> {
        if let Some(seeds) = self.seeds {
            self.overlays.push(overlay_of_seeds(seeds)?);
        }
        let configured = backend_of(&mut self.overlays)?;
        let wanted = self.backend.as_deref().or(configured.as_deref());
        let (backend, device) = Backend::select(wanted)?;
        let settings = self.experiment.settings(self.preset, &self.overlays)?;
        let prepared = self.experiment.prepare(&settings)?;
        let asked = Asked {
            id: run_id(self.experiment.about().name, &settings, backend.name),
            experiment: self.experiment,
            preset: self.preset,
            settings,
            backend,
            device,
            prepared,
            program: self.program,
            out: self.out,
            options: self.options,
        };
        open(asked, self.is_fresh)
    }
}

fn overlay_of_seeds(seeds: u64) -> Result<Overlay, SettingsError> {
    let too_many = |_| SettingsError::Range {
        key: "seeds".to_owned(),
        value: seeds.to_string(),
        requirement: "it is too large".to_owned(),
    };
    let seeds = Value::Integer(i64::try_from(seeds).map_err(too_many)?);
    let table = Table::from_iter([("seeds".to_owned(), seeds)]);
    Ok(Overlay { origin: "--seeds".to_owned(), table })
}
