//! Records that are put aside: `runs/<experiment>/<id>.aside-1`, `.aside-2` and so on, whole and readable
//! by path, but no longer the run of that id.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::RecordError;
use super::folder::RunFolder;
use super::lock::RunLock;
use crate::whole_file::{parent, sync_folder};

const ASIDE: &str = ".aside-";

impl RunFolder {
    /// Renames the folder, which is one step of the file system, and locks another in its place; returns
    /// the new lock, and where the old folder is. Another process may have been quicker to lock the new
    /// folder and may have let go of it again, so that it need not be empty.
    ///
    /// # Errors
    ///
    /// [`RecordError::Locked`] if another process holds the new folder, [`RecordError::Io`] if the old one
    /// cannot be renamed.
    pub fn put_aside(&self, lock: RunLock) -> Result<(RunLock, PathBuf), RecordError> {
        // Windows renames no folder in which a file is open; elsewhere the lock goes along, and whoever
        // waits for it finds that it is no longer the run's.
        let held = if cfg!(unix) {
            Some(lock)
        } else {
            drop(lock);
            None
        };
        let aside = self.rename_aside()?;
        let lock = self.lock()?;
        drop(held);
        Ok((lock, aside))
    }

    fn rename_aside(&self) -> Result<PathBuf, RecordError> {
        let failed = |error| RecordError::io("put aside", self.path())(error);
        let mut number = 1;
        loop {
            let aside = numbered(self.path(), number);
            number += 1;
            if fs::symlink_metadata(&aside).is_ok() {
                continue;
            }
            match fs::rename(self.path(), &aside) {
                Ok(()) => {
                    sync_folder(parent(self.path())).map_err(failed)?;
                    return Ok(aside);
                }
                Err(error) if is_taken(&error) => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
}

/// Removes a record that was put aside.
pub fn remove_aside(aside: &Path) -> Result<(), RecordError> {
    fs::remove_dir_all(aside).map_err(RecordError::io("remove", aside))
}

/// Tells whether the name of a folder says that it was put aside.
pub(super) fn is_aside(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    id_of_aside(&name).is_some()
}

/// Returns the run's id in the name of a folder that was put aside.
pub(super) fn id_of_aside(name: &str) -> Option<&str> {
    let (id, number) = name.rsplit_once(ASIDE)?;
    number.parse::<u64>().is_ok().then_some(id)
}

fn numbered(path: &Path, number: u64) -> PathBuf {
    let mut name = OsString::from(path.file_name().unwrap_or_default());
    name.push(format!("{ASIDE}{number}"));
    path.with_file_name(name)
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::manifest;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn run(out: &Path) -> RunFolder {
        RunFolder::create(out, "e", "0123").unwrap()
    }

    #[test]
    fn a_record_that_is_put_aside_is_whole_and_no_longer_listed() {
        let out = tempfile::tempdir().unwrap();
        let folder = run(out.path());
        for (number, trial) in [(1, "a"), (2, "b")] {
            let lock = folder.lock().unwrap();
            folder.save(&manifest()).unwrap();
            fs::write(folder.trial_path(trial), trial).unwrap();
            let (lock, aside) = folder.put_aside(lock).unwrap();
            assert!(aside.ends_with(format!("e/0123.aside-{number}")), "{aside:?}");
            assert!(!folder.has_contents().unwrap(), "the new folder is empty");
            assert!(matches!(folder.lock(), Err(RecordError::Locked { .. })), "and locked");
            drop(lock);
            let aside = RunFolder::find(out.path(), aside.to_str().unwrap()).unwrap();
            assert_eq!(aside.id(), "0123");
            assert_eq!(fs::read(aside.trial_path(trial)).unwrap(), trial.as_bytes());
        }
        assert_eq!(RunFolder::list(out.path()), []);
        folder.save(&manifest()).unwrap();
        assert_eq!(RunFolder::list(out.path()), [folder]);
    }

    /// Threads that put one folder aside again and again: each finds what it has written itself, so that no
    /// two of them ever held the folder at the same time.
    #[test]
    #[cfg(unix)]
    fn of_many_who_put_a_folder_aside_one_holds_it_at_a_time() {
        let out = tempfile::tempdir().unwrap();
        let (inside, held) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = |name: usize| {
            for turn in 0..20 {
                let folder = RunFolder::at(out.path(), "e", "0123");
                let Ok(lock) = folder.lock() else { continue };
                let Ok((lock, _)) = folder.put_aside(lock) else { continue };
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two hold it at once");
                let path = folder.trial_path("trial");
                let own = format!("{name} {turn}");
                fs::write(&path, &own).unwrap();
                assert_eq!(fs::read_to_string(&path).unwrap(), own);
                held.fetch_add(1, Ordering::SeqCst);
                inside.fetch_sub(1, Ordering::SeqCst);
                drop(lock);
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|name| drop(scope.spawn(move || work(name)))));
        assert!(held.load(Ordering::SeqCst) > 0);
    }
}
