//! The runs of a sweep, and how they stand.

use std::collections::HashSet;
use std::path::Path;

use toml::Table;

use super::spec::{Changes, SweepSpec};
use crate::experiment::Entry;
use crate::record::{Owner, RunFolder, Status, Versions, run_id};

/// A run of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// Its id, by which it is found.
    pub id: String,
    /// What distinguishes it from the others.
    pub changes: Changes,
    /// All its settings.
    pub settings: Table,
}

impl Planned {
    /// Returns what distinguishes the run, as in `adam_rate = 0.01, steps = 100`.
    pub fn label(&self) -> String {
        let words = self.changes.iter().map(|(key, value)| format!("{key} = {value}"));
        words.collect::<Vec<_>>().join(", ")
    }
}

/// Returns the runs of a sweep in their order; what comes up twice is run once.
///
/// # Errors
///
/// [`SpecError`](super::SpecError) or [`SettingsError`](crate::SettingsError), naming what does not fit;
/// `origin` is where the description comes from.
pub fn plan(
    spec: &SweepSpec,
    origin: &str,
    experiment: &dyn Entry,
    backend: &str,
) -> anyhow::Result<Vec<Planned>> {
    let mut seen = HashSet::new();
    let mut planned = Vec::new();
    for changes in spec.runs()? {
        let settings = experiment.settings(spec.preset, &spec.overlays(origin, &changes)?)?;
        let id = run_id(experiment.about().name, &settings, backend);
        if seen.insert(id.clone()) {
            planned.push(Planned { id, changes, settings });
        }
    }
    Ok(planned)
}

/// How a run of a sweep stands in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Nobody has begun it, or another build of the program has.
    Missing,
    /// A living process works on it.
    Running(Owner),
    /// It was killed: it goes on from its checkpoints.
    CutOff,
    /// It was stopped in order, and goes on as well.
    Interrupted,
    /// Some of its trials failed.
    Failed,
    /// It is done.
    Finished,
}

/// Looks how a run stands.
pub fn state(out: &Path, experiment: &str, id: &str) -> RunState {
    let folder = RunFolder::at(out, experiment, id);
    folder.owner().map_or_else(|| recorded_state(&folder), RunState::Running)
}

/// Looks how a run stands that nobody works on, or this process itself.
pub fn recorded_state(folder: &RunFolder) -> RunState {
    match folder.manifest() {
        Ok(manifest) if manifest.versions == Versions::current() => match manifest.status {
            Status::Running => RunState::CutOff,
            Status::Interrupted => RunState::Interrupted,
            Status::Failed => RunState::Failed,
            Status::Finished if folder.is_sealed() => RunState::Finished,
            // Killed while its record was closed.
            Status::Finished => RunState::CutOff,
        },
        // What cannot be read is run again, which tells what is wrong with it.
        Ok(_) | Err(_) => RunState::Missing,
    }
}
