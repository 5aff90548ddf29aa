//! What a run ends with.

use backdraft_record::{Ending, Manifest, Picture, Results, RunFolder, Status};
use backdraft_verdicts::Verdict;

use crate::experiment::Prepared;

/// A run that was measured and judged, now or earlier.
pub struct Conclusion {
    pub(super) manifest: Manifest,
    pub(super) folder: RunFolder,
    pub(super) results: Results,
    pub(super) prepared: Box<dyn Prepared>,
}

impl Conclusion {
    /// Returns the verdict on each claim.
    pub fn verdicts(&self) -> &[Verdict] {
        &self.manifest.verdicts
    }

    /// Returns what was run, and with what.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns what was measured.
    pub fn results(&self) -> &Results {
        &self.results
    }

    /// Returns the experiment's pictures of it.
    pub fn pictures(&self) -> Vec<Picture> {
        self.prepared.pictures(&self.results)
    }

    /// Returns where the record is.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// Tells whether a trial failed, so that the record is not closed and the same request tries again.
    pub fn has_failures(&self) -> bool {
        self.manifest.status == Status::Failed
    }

    /// Iterates over the reasons of trials that failed.
    pub fn failures(&self) -> impl Iterator<Item = &str> {
        self.results.trials().iter().filter_map(|trial| match &trial.ending {
            Ending::Failed { message } => Some(message.as_str()),
            Ending::Finished | Ending::Diverged { .. } => None,
        })
    }

    /// Returns what was run and concluded, alone.
    pub fn into_manifest(self) -> Manifest {
        self.manifest
    }
}
