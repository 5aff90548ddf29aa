//! Opens recorded runs to show them again.

use std::path::Path;

use anyhow::anyhow;
use backdraft_lab::{Prepared, Trial, going_on};
use backdraft_record::{About, Manifest, Picture, REPORT, RecordError, Results, RunFolder};
use backdraft_views::report::Report;

use super::failure::Failure;
use crate::laboratory::Laboratory;

/// A recorded run with its experiment.
pub(super) struct Opened {
    pub(super) folder: RunFolder,
    pub(super) manifest: Manifest,
    pub(super) about: &'static About,
    pub(super) results: Results,
    prepared: Box<dyn Prepared>,
}

impl Opened {
    /// Opens the run that the user names.
    pub(super) fn find(laboratory: &Laboratory, out: &Path, name: &str) -> Result<Self, Failure> {
        let folder = RunFolder::find(out, name).map_err(Failure::input)?;
        let manifest = folder.manifest().map_err(Failure::input)?;
        let unknown =
            |_| Failure::Input(anyhow!("this program has no experiment `{}`", manifest.experiment));
        let entry = laboratory.experiment(&manifest.experiment).map_err(unknown)?;
        let prepared = entry.prepare(&manifest.settings).map_err(|error| {
            Failure::input(RecordError::Malformed {
                path: folder.path().join("run.json"),
                line: 1,
                reason: error.to_string(),
            })
        })?;
        let results = folder.results().map_err(Failure::input)?;
        Ok(Self { folder, manifest, about: entry.about(), results, prepared })
    }

    /// Returns the command that repeats the run in the same folder.
    pub(super) fn command(&self) -> String {
        let path = self.folder.path();
        // A path of one part starts within the folder of the experiment.
        let path =
            if path.components().count() < 2 { path.canonicalize() } else { Ok(path.to_owned()) };
        let out = path.as_deref().ok().and_then(|path| path.ancestors().nth(2));
        let out = out.filter(|out| !out.as_os_str().is_empty()).unwrap_or(Path::new("."));
        going_on(&self.manifest.command, out)
    }

    /// Lists the trials of the run, ready to run again.
    pub(super) fn trials(&self) -> anyhow::Result<Vec<Trial>> {
        self.prepared.trials()
    }

    /// Returns the experiment's pictures of what was measured.
    pub(super) fn pictures(&self) -> Vec<Picture> {
        self.prepared.pictures(&self.results)
    }

    /// Writes the report into the run's folder.
    pub(super) fn write_report(&self) -> Result<(), Failure> {
        let Self { folder, manifest, about, results, .. } = self;
        let report = Report { about, manifest, pictures: &self.pictures(), results };
        let html = report.to_html().map_err(Failure::run)?;
        // The report has no sum, so the record stays as sound or as damaged as it was.
        folder.write_file(REPORT, html.as_bytes()).map_err(Failure::run)
    }
}
