//! What the trials in a run's folder have left: measurements and checkpoints.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use super::error::RecordError;
use super::files::entries;
use super::folder::{CHECKPOINTS, MEASUREMENTS, RunFolder};
use super::measurements::read_trial;
use crate::results::{Results, TrialResult};

impl RunFolder {
    /// Reads the trials that have ended, of those named.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if a file is malformed, or something else stands in its place.
    pub fn trials<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<TrialResult>, RecordError> {
        let mut trials = Vec::new();
        // Listed once: to look for a million files that are not there takes half a minute.
        let folder = self.path().join(MEASUREMENTS);
        let listed: HashSet<OsString> =
            entries(&folder)?.into_iter().map(|entry| entry.file_name()).collect();
        for path in names.into_iter().map(|name| self.trial_path(name)) {
            if path.file_name().is_some_and(|name| listed.contains(name)) && is_there(&path)? {
                trials.extend(read_trial(&path)?);
            }
        }
        Ok(trials)
    }

    /// Reads every trial in the folder that has ended.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if a file cannot be read or is malformed.
    pub fn results(&self) -> Result<Results, RecordError> {
        Ok(Results::new(self.ended_trials()?.collect::<Result<_, _>>()?))
    }

    /// Reads the trials that have ended one by one, so that only one is in memory.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if the folder cannot be listed; each trial comes with an error of its own.
    pub fn ended_trials(
        &self,
    ) -> Result<impl Iterator<Item = Result<TrialResult, RecordError>>, RecordError> {
        let folder = self.path().join(MEASUREMENTS);
        let found = fs::read_dir(&folder).and_then(Iterator::collect);
        let found: Vec<fs::DirEntry> = found.map_err(RecordError::io("read", &folder))?;
        let paths = found.into_iter().map(|entry| entry.path());
        let files = paths.filter(|path| path.extension().is_some_and(|kind| kind == "jsonl"));
        Ok(files.filter_map(|path| read_trial(&path).transpose()))
    }

    /// Tells whether a trial has measured or kept anything.
    pub(super) fn has_contents(&self) -> Result<bool, RecordError> {
        let has = |name| entries(&self.path().join(name)).map(|entries| !entries.is_empty());
        Ok(has(MEASUREMENTS)? || has(CHECKPOINTS)?)
    }
}

/// Tells whether a file is there; anything else in its place, links included, is an error.
pub(super) fn is_there(path: &Path) -> Result<bool, RecordError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => Ok(true),
        Ok(found) => Err(RecordError::of_another_kind(path.to_owned(), found.file_type())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(RecordError::io("read", path)(error)),
    }
}
