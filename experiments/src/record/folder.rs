//! The folder of a run.

use std::fs;
use std::path::{Path, PathBuf};

use super::checkpoints::{Checkpoints, read_checkpoint};
use super::error::RecordError;
use super::lock::{Owner, RunLock};
use super::manifest::{Manifest, SCHEMA};
use super::measurements::read_trial;
use super::sums::{Comparison, compare, is_sealed, seal, unseal};
use super::whole_file::{clear_unfinished, write_whole};
use crate::results::{Results, TrialResult};

const MANIFEST: &str = "run.json";
const MEASUREMENTS: &str = "measurements";
const CHECKPOINTS: &str = "checkpoints";
const LOCK: &str = "lock";

/// A folder that holds the record of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Creates `out/<experiment>/<id>/`, or opens it if it exists, and checks that it is writable.
    ///
    /// # Errors
    ///
    /// [`RecordError::Io`].
    pub fn create(out: &Path, experiment: &str, id: &str) -> Result<Self, RecordError> {
        let path = out.join(experiment).join(id);
        let measurements = path.join(MEASUREMENTS);
        fs::create_dir_all(&measurements).map_err(RecordError::io("create", &measurements))?;
        // Writing shows whether writing is possible; permissions alone do not.
        tempfile::tempfile_in(&path).map_err(RecordError::io("write into", &path))?;
        Ok(Self { path })
    }

    /// Returns where a run is, whether it exists or not.
    pub(crate) fn at(out: &Path, experiment: &str, id: &str) -> Self {
        Self { path: out.join(experiment).join(id) }
    }

    /// Opens the run `name`: a path, an id, the start of an id, or `latest`.
    ///
    /// # Errors
    ///
    /// [`RecordError::NoRun`] if there is none.
    pub fn find(out: &Path, name: &str) -> Result<Self, RecordError> {
        let direct = PathBuf::from(name);
        if direct.join(MANIFEST).is_file() {
            return Ok(Self { path: direct });
        }
        let fits = |run: &&Self| name == "latest" || run.id().starts_with(name);
        let runs = Self::list(out);
        let found = runs.iter().rev().find(fits);
        found
            .cloned()
            .ok_or_else(|| RecordError::NoRun { name: name.to_owned(), out: out.to_owned() })
    }

    /// Lists the runs in `out`, oldest first; a run's own folder holds that run.
    pub fn list(out: &Path) -> Vec<Self> {
        if out.join(MANIFEST).is_file() {
            return vec![Self { path: out.to_owned() }];
        }
        let folders = |path: &Path| {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect::<Vec<_>>()
        };
        let runs = folders(out).into_iter().flat_map(|experiment| folders(&experiment));
        let mut runs: Vec<Self> = runs.map(|path| Self { path }).collect();
        runs.retain(|run| run.path.join(MANIFEST).is_file());
        runs.sort_by_cached_key(|run| {
            let modified = fs::metadata(run.path.join(MANIFEST)).and_then(|data| data.modified());
            (modified.ok(), run.path.clone())
        });
        runs
    }

    /// Returns the folder's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the run's id.
    pub fn id(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Returns where the measurements of a trial lie.
    pub fn trial_path(&self, name: &str) -> PathBuf {
        self.path.join(MEASUREMENTS).join(format!("{name}.jsonl"))
    }

    /// Returns the names of the trials that have measured something, in alphabetical order.
    pub(crate) fn trial_names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path.join(MEASUREMENTS)).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            name.strip_suffix(".jsonl").map(str::to_owned)
        });
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        names
    }

    /// Returns the checkpoints of a trial, of which the latest `kept` stay.
    pub(crate) fn checkpoints(&self, name: &str, kept: usize) -> Checkpoints {
        Checkpoints::new(self.path.join(CHECKPOINTS).join(name), kept)
    }

    /// Reads every checkpoint: how many are whole, and what is wrong with the others.
    pub(crate) fn all_checkpoints(&self) -> (usize, Vec<RecordError>) {
        let folders = fs::read_dir(self.path.join(CHECKPOINTS)).into_iter().flatten().flatten();
        let of = |folder: fs::DirEntry| Checkpoints::new(folder.path(), 1).files();
        let read = folders.flat_map(of).map(|path| read_checkpoint(&path));
        let (whole, unusable): (Vec<_>, Vec<_>) = read.partition(Result::is_ok);
        (whole.len(), unusable.into_iter().filter_map(Result::err).collect())
    }

    /// Writes the sums of all files: the record is closed.
    ///
    /// # Errors
    ///
    /// [`RecordError`] naming the file that cannot be read or written.
    pub fn seal(&self) -> Result<(), RecordError> {
        seal(&self.path)
    }

    /// Removes the sums: the record is about to change.
    ///
    /// # Errors
    ///
    /// [`RecordError::Io`].
    pub fn unseal(&self) -> Result<(), RecordError> {
        unseal(&self.path)
    }

    /// Tells whether the record is closed.
    pub(crate) fn is_sealed(&self) -> bool {
        is_sealed(&self.path)
    }

    /// Compares the files with their sums; `None` if the record is not closed.
    ///
    /// # Errors
    ///
    /// [`RecordError`] naming the file that cannot be read.
    pub fn compare_sums(&self) -> Result<Option<Comparison>, RecordError> {
        compare(&self.path)
    }

    /// Takes the run for this process, and clears away what one that was killed had not finished.
    ///
    /// # Errors
    ///
    /// [`RecordError::Locked`] if a living process has it.
    pub fn lock(&self) -> Result<RunLock, RecordError> {
        let lock = RunLock::take(&self.path.join(LOCK))?;
        clear_unfinished(&self.path)?;
        Ok(lock)
    }

    /// Returns the living process that works on the run.
    pub fn owner(&self) -> Option<Owner> {
        RunLock::holder(&self.path.join(LOCK))
    }

    /// Removes what trials have measured and kept.
    ///
    /// # Errors
    ///
    /// [`RecordError::Io`] naming what cannot be removed.
    pub fn forget<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<(), RecordError> {
        for name in names {
            let path = self.trial_path(name);
            if path.exists() {
                fs::remove_file(&path).map_err(RecordError::io("remove", &path))?;
            }
            self.checkpoints(name, 0).forget()?;
        }
        Ok(())
    }

    /// Writes `run.json`, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`RecordError::Write`].
    pub fn save(&self, manifest: &Manifest) -> Result<(), RecordError> {
        let json = serde_json::to_vec_pretty(manifest).map_err(|error| self.malformed(&error))?;
        self.write_file(MANIFEST, &json)
    }

    /// Writes a file of the record, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`RecordError::Write`].
    pub fn write_file(&self, name: &str, content: &[u8]) -> Result<(), RecordError> {
        write_whole(&self.path.join(name), content)
    }

    /// Reads `run.json`.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if it cannot be read, is malformed, or comes from a later version.
    pub fn manifest(&self) -> Result<Manifest, RecordError> {
        let path = self.path.join(MANIFEST);
        let text = fs::read_to_string(&path).map_err(RecordError::io("read", &path))?;
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| self.malformed(&error))?;
        let schema = value.get("schema").and_then(serde_json::Value::as_u64);
        match schema.and_then(|schema| u32::try_from(schema).ok()) {
            Some(found) if found > SCHEMA => {
                Err(RecordError::TooNew { path, found, known: SCHEMA })
            }
            _ => serde_json::from_value(value).map_err(|error| self.malformed(&error)),
        }
    }

    /// Reads the trials that have ended, of those named.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if a file is malformed.
    pub fn trials<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<TrialResult>, RecordError> {
        let paths =
            names.into_iter().map(|name| self.trial_path(name)).filter(|path| path.is_file());
        let trials: Result<Vec<_>, _> = paths.map(|path| read_trial(&path)).collect();
        Ok(trials?.into_iter().flatten().collect())
    }

    /// Reads every trial in the folder that has ended.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if a file cannot be read or is malformed.
    pub fn results(&self) -> Result<Results, RecordError> {
        let folder = self.path.join(MEASUREMENTS);
        let entries = fs::read_dir(&folder).map_err(RecordError::io("read", &folder))?;
        let paths = entries.flatten().map(|entry| entry.path());
        let files = paths.filter(|path| path.extension().is_some_and(|kind| kind == "jsonl"));
        let trials: Result<Vec<_>, _> = files.map(|path| read_trial(&path)).collect();
        Ok(Results::new(trials?.into_iter().flatten().collect()))
    }

    fn malformed(&self, error: &serde_json::Error) -> RecordError {
        RecordError::Malformed {
            path: self.path.join(MANIFEST),
            line: error.line(),
            reason: error.to_string(),
        }
    }
}
