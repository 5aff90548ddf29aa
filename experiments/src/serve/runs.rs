//! Lists runs from their manifests.

use std::fs;
use std::path::Path;

use backdraft_record::{RunFolder, Status};
use backdraft_verdicts::Ruling;
use serde::Deserialize;

/// A run in the list.
#[derive(Debug)]
pub(super) struct Listed {
    /// The names of its folders, which form its address.
    pub(super) experiment: String,
    pub(super) id: String,
    /// Whether a living process works on it.
    pub(super) has_owner: bool,
    /// Its manifest, or the reason why it cannot be read.
    pub(super) manifest: Result<Manifest, String>,
}

/// The part of a manifest that the list shows. Leaving out settings and statements makes a thousand of
/// them fast to read.
#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    pub(super) status: Status,
    pub(super) preset: String,
    pub(super) trials: usize,
    pub(super) started_unix: u64,
    pub(super) seconds: f64,
    verdicts: Vec<Judged>,
}

#[derive(Debug, Deserialize)]
struct Judged {
    ruling: Ruling,
}

impl Manifest {
    /// Counts the verdicts with a ruling.
    pub(super) fn count(&self, ruling: Ruling) -> usize {
        self.verdicts.iter().filter(|verdict| verdict.ruling == ruling).count()
    }
}

/// Lists the runs in `out`, the latest first and unreadable ones last.
pub(super) fn list(out: &Path) -> Vec<Listed> {
    let listed = |folder: RunFolder| {
        let experiment = folder.path().parent().and_then(Path::file_name).unwrap_or_default();
        Listed {
            experiment: experiment.to_string_lossy().into_owned(),
            id: folder.id(),
            has_owner: folder.owner().is_some(),
            manifest: read(&folder.path().join("run.json")),
        }
    };
    let mut runs: Vec<Listed> = RunFolder::list(out).into_iter().map(listed).collect();
    let started = |run: &Listed| run.manifest.as_ref().map_or(0, |manifest| manifest.started_unix);
    // The sort is stable, so runs of the same second also stay newest first.
    runs.reverse();
    runs.sort_by_key(|run| std::cmp::Reverse(started(run)));
    runs
}

fn read(path: &Path) -> Result<Manifest, String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_run_comes_first_and_a_damaged_one_last() {
        let out = tempfile::tempdir().unwrap();
        let write = |id: &str, text: &str| {
            let folder = out.path().join("e").join(id);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("run.json"), text).unwrap();
        };
        let manifest = |started: u64| {
            format!(
                r#"{{"status": "finished", "preset": "quick", "trials": 3, "seconds": 1.5,
                "started_unix": {started}, "settings": {{"x": [1]}}, "experiment": "<script>",
                "verdicts": [{{"ruling": "refuted", "statement": "s"}}]}}"#
            )
        };
        write("new", &manifest(20));
        write("torn", "{\"status\": ");
        write("old", &manifest(10));
        let runs = list(out.path());
        let ids: Vec<&str> = runs.iter().map(|run| run.id.as_str()).collect();
        assert_eq!(ids, ["new", "old", "torn"]);
        assert_eq!(runs[0].manifest.as_ref().unwrap().count(Ruling::Refuted), 1);
        assert!(runs[2].manifest.as_ref().unwrap_err().contains("EOF"));
    }
}
