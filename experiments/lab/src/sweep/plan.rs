//! The runs of a sweep, and how they stand.

use std::collections::HashSet;
use std::path::Path;

use backdraft_record::{Manifest, Owner, RunFolder, Status, run_id};
use toml::Table;

use super::spec::{Changes, SweepSpec};
use crate::experiment::Entry;

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
/// [`SpecError`](super::SpecError) or [`SettingsError`](crate::settings::SettingsError), naming what does not fit;
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
    /// Nobody has begun it.
    Missing,
    /// Another build has begun it: what it measured is put aside when the run is measured anew.
    Foreign,
    /// A living process works on it.
    Running(Owner),
    /// It was killed: it goes on from its checkpoints.
    CutOff,
    /// It was stopped in order, and goes on as well.
    Interrupted,
    /// Some of its trials failed.
    Failed,
    /// It is done, whichever build did it.
    Finished,
}

/// Looks how a run stands.
pub fn state(out: &Path, experiment: &str, id: &str) -> RunState {
    let folder = RunFolder::at(out, experiment, id);
    folder.owner().map_or_else(|| recorded_state(&folder), RunState::Running)
}

/// Looks how a run stands that nobody works on, or this process itself.
fn recorded_state(folder: &RunFolder) -> RunState {
    // What cannot be read is run again, which tells what is wrong with it.
    let Ok(manifest) = folder.manifest() else { return RunState::Missing };
    if manifest.status == Status::Finished && folder.is_sealed() {
        return RunState::Finished;
    }
    if !manifest.versions.is_this_program() {
        return RunState::Foreign;
    }
    match manifest.status {
        // One that was killed while its record was closed is not done.
        Status::Running | Status::Finished => RunState::CutOff,
        Status::Interrupted => RunState::Interrupted,
        Status::Failed => RunState::Failed,
    }
}

/// Tells whether another build of the program has measured a finished run.
pub fn is_of_another_build(out: &Path, experiment: &str, id: &str) -> bool {
    let folder = RunFolder::at(out, experiment, id);
    let is_other = |manifest: Manifest| !manifest.versions.is_this_program();
    folder.is_sealed() && folder.manifest().is_ok_and(is_other)
}
