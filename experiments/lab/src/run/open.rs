//! Opening a run: finding its record finished, or locking it.

use std::path::PathBuf;

use backdraft_record::{Manifest, Preset, Recorded, RunFolder, RunLock, Standing};
use burn::tensor::Device;
use toml::Table;

use super::conclusion::Conclusion;
use super::error::RunError;
use super::needs;
use super::notice::Notice;
use crate::backend::Backend;
use crate::experiment::{Entry, Prepared};
use crate::study::StudyOptions;
use crate::trial::Trial;

/// A request that was checked.
pub(super) struct Asked<'a> {
    pub(super) id: String,
    pub(super) experiment: &'a dyn Entry,
    pub(super) preset: Preset,
    pub(super) settings: Table,
    pub(super) backend: &'static Backend,
    pub(super) device: Device,
    pub(super) prepared: Box<dyn Prepared>,
    pub(super) program: String,
    pub(super) out: PathBuf,
    pub(super) options: StudyOptions,
}

/// A run that is finished, or that this process holds to work on.
pub struct Run<'a> {
    pub(super) state: State<'a>,
    pub(super) notices: Vec<Notice>,
}

pub(super) enum State<'a> {
    Closed(Box<Conclusion>),
    Held(Box<Held<'a>>),
}

/// A run that this process holds.
pub(super) struct Held<'a> {
    pub(super) asked: Asked<'a>,
    pub(super) trials: Vec<Trial>,
    pub(super) folder: RunFolder,
    /// Held until the run is dropped.
    pub(super) _lock: RunLock,
    /// What this build recorded in earlier sessions.
    pub(super) earlier: Option<Box<Manifest>>,
    /// Where the record is that a fresh one replaces.
    pub(super) replaced: Option<PathBuf>,
}

impl Run<'_> {
    /// Tells whether the run was finished before, so that nothing is left to measure.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed(_))
    }

    /// Returns what a user should know before it is executed.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Returns the number of trials, variants × seeds.
    pub fn trials(&self) -> usize {
        match &self.state {
            State::Closed(conclusion) => conclusion.manifest.trials,
            State::Held(held) => held.trials.len(),
        }
    }

    /// Returns how many trials run side by side.
    pub fn jobs(&self) -> usize {
        match &self.state {
            State::Closed(_) => 0,
            State::Held(held) => held.jobs(),
        }
    }
}

impl Held<'_> {
    pub(super) fn jobs(&self) -> usize {
        self.asked.options.jobs.min(self.trials.len().max(1))
    }
}

pub(super) fn open(asked: Asked<'_>, is_fresh: bool) -> Result<Run<'_>, RunError> {
    let (out, name) = (&asked.out, asked.experiment.about().name);
    if !is_fresh && RunFolder::at(out, name, &asked.id).path().is_dir() {
        let folder = RunFolder::create(out, name, &asked.id).map_err(RunError::Folder)?;
        if let Standing::Closed(recorded) = folder.standing()? {
            return Ok(closed(*recorded, folder, asked.prepared));
        }
    }
    // Before the folder: data that are missing must not leave an empty record.
    let trials = asked.prepared.trials().map_err(RunError::Trials)?;
    trials.iter().try_for_each(|trial| trial.task.check()).map_err(RunError::Trials)?;
    needs::check(&asked, &trials)?;
    let folder = RunFolder::create(out, name, &asked.id).map_err(RunError::Folder)?;
    let mut lock = folder.lock()?;
    let mut notices = Vec::new();
    if let Some(owner) = lock.predecessor().cloned() {
        notices.push(Notice::TakenOver { folder: folder.path().to_owned(), owner });
    }
    let mut replaced = None;
    if is_fresh && !folder.is_blank()? {
        let (again, aside) = folder.put_aside(lock)?;
        (lock, replaced) = (again, Some(aside));
    }
    let earlier = loop {
        match folder.standing()? {
            // Another process has finished it since the look at it.
            Standing::Closed(recorded) => return Ok(closed(*recorded, folder, asked.prepared)),
            Standing::Blank => break None,
            Standing::Begun { manifest, lost } => {
                if !lost.is_empty() {
                    notices.push(Notice::Lost { folder: folder.path().to_owned(), lost });
                }
                break Some(manifest);
            }
            Standing::Foreign(manifest) => {
                let (again, aside) = folder.put_aside(lock)?;
                lock = again;
                let path = folder.path().to_owned();
                notices.push(Notice::put_aside(path, manifest.as_deref(), aside));
            }
        }
    };
    let held = Held { asked, trials, folder, _lock: lock, earlier, replaced };
    Ok(Run { state: State::Held(Box::new(held)), notices })
}

/// Uses a closed record as it is.
fn closed<'a>(recorded: Recorded, folder: RunFolder, prepared: Box<dyn Prepared>) -> Run<'a> {
    let Recorded { manifest, results } = recorded;
    let mut notices = Vec::new();
    if !manifest.versions.is_this_program() {
        notices.push(Notice::OfAnotherBuild {
            folder: folder.path().to_owned(),
            versions: manifest.versions.clone(),
            started_unix: manifest.started_unix,
        });
    }
    let conclusion = Conclusion { manifest, folder, results, prepared };
    Run { state: State::Closed(Box::new(conclusion)), notices }
}
