//! `checkpoints/<trial>/`: the latest states of a trial, and its best weights.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use backdraft_record::{Mark, RecordError, RunFolder, entries, write_bytes};
use backdraft_trainer::Checkpoint;

const EXTENSION: &str = "checkpoint";
/// Burn's own format, so that the X-ray takes it.
const BEST: &str = "best.bpk";

/// The checkpoints of one trial.
#[derive(Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    kept: usize,
}

impl Checkpoints {
    /// Opens the checkpoints of a trial, of which the latest `kept` stay. There need not be any.
    pub fn of(run: &RunFolder, trial: &str, kept: usize) -> Self {
        Self::new(run.checkpoints_path(trial), kept)
    }

    fn new(folder: PathBuf, kept: usize) -> Self {
        Self { folder, kept: kept.max(1) }
    }

    /// Reads every checkpoint of a run: how many are whole, and what is wrong with the others.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if a folder cannot be read.
    pub fn check_all(run: &RunFolder) -> Result<(usize, Vec<RecordError>), RecordError> {
        let (mut whole, mut unusable) = (0, Vec::new());
        for folder in run.checkpoint_folders()? {
            for path in Self::new(folder, 1).files()? {
                match read_checkpoint(&path) {
                    Ok(_) => whole += 1,
                    Err(error) => unusable.push(error),
                }
            }
        }
        Ok((whole, unusable))
    }

    /// Reads the checkpoints, the latest first; one that cannot be used says why.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if the folder cannot be read.
    pub fn latest_first(
        &self,
    ) -> Result<impl Iterator<Item = Result<(Checkpoint, Mark), RecordError>>, RecordError> {
        Ok(self.files()?.into_iter().rev().map(|path| read_checkpoint(&path)))
    }

    /// Keeps a checkpoint and removes those that are too many; what is not whole never counts.
    ///
    /// # Errors
    ///
    /// [`RecordError`] naming the file.
    pub fn keep(&self, checkpoint: Checkpoint, mark: &Mark) -> Result<(), RecordError> {
        let path = self.folder.join(format!("{:012}.{EXTENSION}", checkpoint.step()));
        let note = serde_json::to_string(mark).map_err(io::Error::from);
        let note = note.map_err(RecordError::io("write", &path))?;
        self.write(&path, &checkpoint.with_note(note).to_bytes())?;
        let files = self.files()?;
        let superseded = &files[..files.len().saturating_sub(self.kept)];
        superseded.iter().try_for_each(|path| remove(path))
    }

    /// Keeps the weights of the best checkpoint so far.
    ///
    /// # Errors
    ///
    /// [`RecordError`] naming the file.
    pub fn keep_best(&self, checkpoint: &Checkpoint) -> Result<(), RecordError> {
        let path = self.folder.join(BEST);
        let unusable = |reason: String| RecordError::Checkpoint { path: path.clone(), reason };
        let weights = checkpoint.weights().map_err(|error| unusable(error.to_string()))?;
        self.write(&path, &weights)
    }

    /// Removes all but the best weights: the trial has ended.
    ///
    /// # Errors
    ///
    /// [`RecordError`] naming the file.
    pub fn retire(&self) -> Result<(), RecordError> {
        self.files()?.iter().try_for_each(|path| remove(path))?;
        // Only an empty folder goes: without an evaluation there are no best weights.
        drop(fs::remove_dir(&self.folder));
        Ok(())
    }

    /// Removes everything.
    ///
    /// # Errors
    ///
    /// [`RecordError`] naming the folder.
    pub fn forget(&self) -> Result<(), RecordError> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(RecordError::io("remove", &self.folder)(error))
            }
            _ => Ok(()),
        }
    }

    /// The checkpoint files, in the order of their steps.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if the folder cannot be read.
    fn files(&self) -> Result<Vec<PathBuf>, RecordError> {
        let mut files: Vec<PathBuf> =
            entries(&self.folder)?.into_iter().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|kind| kind == EXTENSION));
        files.sort();
        Ok(files)
    }

    fn write(&self, path: &Path, content: &[u8]) -> Result<(), RecordError> {
        write_bytes(path, content).map_err(RecordError::write(path, content.len()))
    }
}

fn remove(path: &Path) -> Result<(), RecordError> {
    fs::remove_file(path).map_err(RecordError::io("remove", path))
}

/// Reads a checkpoint with what it remembers.
fn read_checkpoint(path: &Path) -> Result<(Checkpoint, Mark), RecordError> {
    let bytes = fs::read(path).map_err(RecordError::io("read", path))?;
    let unusable = |reason: String| RecordError::Checkpoint { path: path.to_owned(), reason };
    let checkpoint = Checkpoint::from_bytes(&bytes).map_err(|error| unusable(error.to_string()))?;
    let mark = serde_json::from_str(checkpoint.note()).map_err(|e| unusable(e.to_string()))?;
    Ok((checkpoint, mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::LinearConfig;
    use burn::optim::SgdConfig;
    use burn::tensor::Device;

    fn checkpoint(step: u64) -> Checkpoint {
        let network = LinearConfig::new(2, 1).init(&Device::flex());
        Checkpoint::take(step, &network, &SgdConfig::new().init()).unwrap()
    }

    fn mark(bytes: u64) -> Mark {
        Mark { bytes, sha256: "0".to_owned(), test_loss: None, best: None }
    }

    #[test]
    fn the_latest_are_kept_and_come_first_and_a_damaged_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path().join("trial"), 2);
        assert_eq!(checkpoints.latest_first().unwrap().count(), 0);
        for step in [5, 70, 600] {
            checkpoints.keep(checkpoint(step), &mark(step)).unwrap();
        }
        let steps = |checkpoints: &Checkpoints| -> Vec<Option<u64>> {
            {
                let found = checkpoints.latest_first().unwrap();
                found.map(|found| found.map(|(c, _)| c.step()).ok()).collect()
            }
        };
        assert_eq!(steps(&checkpoints), vec![Some(600), Some(70)]);
        let latest = folder.path().join("trial/000000000600.checkpoint");
        let whole = fs::read(&latest).unwrap();
        fs::write(&latest, &whole[..whole.len() / 2]).unwrap();
        assert_eq!(steps(&checkpoints), vec![None, Some(70)]);
        let error = checkpoints.latest_first().unwrap().next().unwrap().unwrap_err().to_string();
        assert!(error.contains("0600.checkpoint") && error.contains("damaged"), "{error}");
    }

    #[test]
    fn at_the_end_the_best_weights_stay() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path().join("trial"), 2);
        checkpoints.keep(checkpoint(5), &mark(5)).unwrap();
        checkpoints.keep_best(&checkpoint(5)).unwrap();
        checkpoints.retire().unwrap();
        let left: Vec<_> = fs::read_dir(folder.path().join("trial")).unwrap().collect();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].as_ref().unwrap().file_name(), BEST);
        checkpoints.forget().unwrap();
        assert!(!folder.path().join("trial").exists());
        checkpoints.forget().unwrap();
    }
}
