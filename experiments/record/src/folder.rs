//! The folder of a run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::aside::{id_of_aside, is_aside};
use super::error::RecordError;
use super::files::{clear_unfinished, entries};
use super::lock::{Owner, RunLock};
use super::manifest::{Manifest, SCHEMA};
use super::sums::SUMS;
use crate::whole_file::write_bytes;

pub(super) const MANIFEST: &str = "run.json";
pub(super) const MEASUREMENTS: &str = "measurements";
pub(super) const CHECKPOINTS: &str = "checkpoints";
const FIGURES: &str = "figures";
/// Name of the report in a run's folder.
pub const REPORT: &str = "report.html";
const LOCK: &str = "lock";
/// How often the folder may go aside between the look at it and the look for its lock.
const TRIES: u32 = 100;

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
    /// [`RecordError`] naming what cannot be created or written to, or stands in the way.
    pub fn create(out: &Path, experiment: &str, id: &str) -> Result<Self, RecordError> {
        let folder = Self::at(out, experiment, id);
        folder.create_folders()?;
        folder.check_kinds()?;
        // Writing shows whether writing is possible; permissions alone do not.
        let path = &folder.path;
        tempfile::tempfile_in(path).map_err(RecordError::io("write into", path))?;
        Ok(folder)
    }

    fn create_folders(&self) -> Result<(), RecordError> {
        let measurements = self.path.join(MEASUREMENTS);
        fs::create_dir_all(&measurements).map_err(RecordError::io("create", measurements))
    }

    /// Checks that files are where files belong and folders where folders do, before anything is measured
    /// that could not be kept.
    fn check_kinds(&self) -> Result<(), RecordError> {
        let found = |name| fs::metadata(self.path.join(name)).ok().map(|found| (name, found));
        for (name, found) in [MANIFEST, LOCK, SUMS, REPORT].into_iter().filter_map(found) {
            if !found.is_file() {
                return Err(RecordError::of_another_kind(self.path.join(name), found.file_type()));
            }
        }
        for (name, found) in [MEASUREMENTS, CHECKPOINTS, FIGURES].into_iter().filter_map(found) {
            if !found.is_dir() {
                return Err(RecordError::of_another_kind(self.path.join(name), found.file_type()));
            }
        }
        Ok(())
    }

    /// Returns where a run is, whether it exists or not.
    pub fn at(out: &Path, experiment: &str, id: &str) -> Self {
        Self { path: out.join(experiment).join(id) }
    }

    /// Opens the run `name`: a path, an id, the start of an id, `latest`, or an experiment,
    /// whose latest run it is.
    ///
    /// # Errors
    ///
    /// [`RecordError::NoRun`] if there is none.
    pub fn find(out: &Path, name: &str) -> Result<Self, RecordError> {
        let direct = PathBuf::from(name);
        if direct.join(MANIFEST).is_file() {
            return Ok(Self { path: direct });
        }
        let fits = |run: &&Self| {
            let experiment = run.path.parent().and_then(Path::file_name);
            name == "latest"
                || run.id().starts_with(name)
                || experiment.is_some_and(|of| of == name)
        };
        let runs = Self::list(out);
        let found = runs.iter().rev().find(fits);
        found
            .cloned()
            .ok_or_else(|| RecordError::NoRun { name: name.to_owned(), out: out.to_owned() })
    }

    /// Lists the runs in `out`, oldest first; a run's own folder holds that run. Records that were put
    /// aside are not among them.
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
        runs.retain(|run| run.path.join(MANIFEST).is_file() && !is_aside(&run.path));
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

    /// Returns the run's id, also of a record that was put aside.
    pub fn id(&self) -> String {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        id_of_aside(&name).unwrap_or(&name).to_owned()
    }

    /// Returns where the measurements of a trial lie.
    pub fn trial_path(&self, name: &str) -> PathBuf {
        self.path.join(MEASUREMENTS).join(format!("{name}.jsonl"))
    }

    /// Returns the names of the trials that have measured something, in alphabetical order.
    pub fn trial_names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path.join(MEASUREMENTS)).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            name.strip_suffix(".jsonl").map(str::to_owned)
        });
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        names
    }

    /// Returns the folder of a trial's checkpoints, whether it exists or not.
    pub fn checkpoints_path(&self, name: &str) -> PathBuf {
        self.path.join(CHECKPOINTS).join(name)
    }

    /// Lists the folders of checkpoints.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if the folder that they lie in cannot be read.
    pub fn checkpoint_folders(&self) -> Result<Vec<PathBuf>, RecordError> {
        let found = entries(&self.path.join(CHECKPOINTS))?;
        Ok(found.into_iter().map(|entry| entry.path()).collect())
    }

    /// Takes the run for this process, and clears away what one that was killed had not finished.
    ///
    /// # Errors
    ///
    /// [`RecordError::Locked`] if a living process has it.
    pub fn lock(&self) -> Result<RunLock, RecordError> {
        let path = self.path.join(LOCK);
        let mut tries = 0..TRIES;
        loop {
            self.create_folders()?;
            let lock = match RunLock::take(&path) {
                Err(RecordError::Io { source, .. })
                    if source.kind() == io::ErrorKind::NotFound && tries.next().is_some() =>
                {
                    continue;
                }
                lock => lock?,
            };
            // The folder may have been put aside, with its lock, while this process waited for it.
            if lock.is_at(&path) {
                clear_unfinished(&self.path)?;
                return Ok(lock);
            }
        }
    }

    /// Returns the living process that works on the run.
    pub fn owner(&self) -> Option<Owner> {
        RunLock::holder(&self.path.join(LOCK))
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
        let path = self.path.join(name);
        write_bytes(&path, content).map_err(RecordError::write(path, content.len()))
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

    fn malformed(&self, error: &serde_json::Error) -> RecordError {
        RecordError::Malformed {
            path: self.path.join(MANIFEST),
            line: error.line(),
            reason: error.to_string(),
        }
    }
}
