//! `lock`: one process at a time works on a run.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::error::RecordError;

/// How often an owner shows that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Silence after which an owner on another machine counts as dead.
const SILENCE: Duration = Duration::from_secs(120);
/// A look at the lock holds it for a moment, which must not pass for a run.
const TRIES: u32 = 5;

/// Who works on a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Name of the machine.
    pub host: String,
    /// Process on that machine.
    pub pid: u32,
    /// When it took the lock, in seconds since 1970.
    pub since_unix: u64,
}

impl Owner {
    fn of_this_process() -> Self {
        Self {
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            pid: std::process::id(),
            since_unix: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs()),
        }
    }

    /// Seconds since it took the lock.
    fn age(&self) -> u64 {
        Self::of_this_process().since_unix.saturating_sub(self.since_unix)
    }
}

/// Reads `process 7 on node-3 for 40 s`.
impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} on {} for {} s", self.pid, self.host, self.age())
    }
}

/// Holds a run as long as it lives.
///
/// The system's lock is the judge on one machine and on file systems that share locks: it goes with
/// its process, so that a dead owner is never in the way. For machines that share files but no locks
/// the owner touches the file every ten seconds, and counts as dead after two minutes of silence.
#[derive(Debug)]
pub struct RunLock {
    file: File,
    heart: Option<(Sender<()>, JoinHandle<()>)>,
    predecessor: Option<Owner>,
}

impl RunLock {
    /// Takes the lock, from a dead owner if need be.
    ///
    /// # Errors
    ///
    /// [`RecordError::Locked`] if a living process holds it, [`RecordError::Io`] if the file cannot be
    /// used.
    pub(super) fn take(path: &Path) -> Result<Self, RecordError> {
        let (mut file, is_exclusive) = open_locked(path)?;
        let own = Owner::of_this_process();
        let predecessor = owner(&mut file);
        if let Some(owner) = &predecessor
            && (owner.host != own.host || !is_exclusive)
            && is_alive(&file)
        {
            return Err(RecordError::Locked { path: path.to_owned(), owner: owner.clone() });
        }
        let json = serde_json::to_vec(&own).unwrap_or_default();
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(&json)
        };
        write(&mut file).map_err(RecordError::write(path, json.len()))?;
        // Without it other machines may think that this process is dead.
        let heart = file.try_clone().and_then(beat).ok();
        Ok(Self { file, heart, predecessor })
    }

    /// Returns the owner that the lock was taken over from: it died at its work.
    pub fn predecessor(&self) -> Option<&Owner> {
        self.predecessor.as_ref()
    }

    /// Tells whether the lock is the file at `path`, rather than one that has been there before.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let identity = |data: std::fs::Metadata| (data.dev(), data.ino());
            let own = self.file.metadata().map(identity);
            own.is_ok_and(|own| std::fs::metadata(path).map(identity).is_ok_and(|at| at == own))
        }
        // Elsewhere an open file cannot be renamed.
        #[cfg(not(unix))]
        {
            path.exists()
        }
    }

    /// Returns who holds the lock at the moment.
    pub(super) fn holder(path: &Path) -> Option<Owner> {
        let mut file = File::open(path).ok()?;
        let owner = owner(&mut file)?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(owner),
            _ if owner.host != Owner::of_this_process().host && is_alive(&file) => Some(owner),
            _ => None,
        }
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        if let Some((stop, heart)) = self.heart.take() {
            drop(stop);
            drop(heart.join());
        }
        // An empty file says that the owner went in peace; one that stays is found stale.
        drop(self.file.set_len(0));
    }
}

/// Opens the file and takes the system's lock; `false` where the file system has none.
fn open_locked(path: &Path) -> Result<(File, bool), RecordError> {
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(RecordError::io("open", path))?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok((file, true)),
            Err(TryLockError::Error(_)) => return Ok((file, false)),
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(20)),
        }
    }
    let unknown = Owner { host: "an unknown machine".to_owned(), pid: 0, since_unix: 0 };
    let owner = owner(&mut file).unwrap_or(unknown);
    Err(RecordError::Locked { path: path.to_owned(), owner })
}

/// Reads the owner; a torn or foreign file has none.
fn owner(file: &mut File) -> Option<Owner> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(4_096).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn is_alive(file: &File) -> bool {
    let touched = file.metadata().and_then(|data| data.modified());
    let silence = touched.map(|touched| touched.elapsed().unwrap_or_default());
    silence.is_ok_and(|silence| silence < SILENCE)
}

fn beat(file: File) -> io::Result<(Sender<()>, JoinHandle<()>)> {
    let (stop, stopped) = channel();
    let heart = thread::Builder::new().spawn(move || {
        while stopped.recv_timeout(HEARTBEAT) == Err(RecvTimeoutError::Timeout) {
            // A beat that fails is missed by other machines only, and the next may succeed.
            drop(touch(&file));
        }
    })?;
    Ok((stop, heart))
}

fn touch(file: &File) -> io::Result<()> {
    file.set_modified(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, owner: &Owner) {
        std::fs::write(path, serde_json::to_vec(owner).unwrap()).unwrap();
    }

    #[test]
    fn a_held_lock_is_refused_with_its_owner_and_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = RunLock::take(&path).unwrap();
        assert_eq!(lock.predecessor(), None);
        let refused = RunLock::take(&path).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        assert_eq!(RunLock::holder(&path).unwrap().pid, std::process::id());
        drop(lock);
        assert_eq!(RunLock::holder(&path), None);
        let lock = RunLock::take(&path).unwrap();
        assert_eq!(lock.predecessor(), None);
        assert!(lock.is_at(&path));
        std::fs::rename(&path, folder.path().join("moved")).unwrap();
        assert!(!lock.is_at(&path));
        std::fs::write(&path, "").unwrap();
        assert!(!lock.is_at(&path));
    }

    #[test]
    fn a_dead_owner_is_succeeded_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let dead = Owner { pid: 999_999, ..Owner::of_this_process() };
        write(&path, &dead);
        assert_eq!(RunLock::holder(&path), None);
        assert_eq!(RunLock::take(&path).unwrap().predecessor(), Some(&dead));
        for torn in ["", "{\"host\":\"a", "no owner", "[1]"] {
            std::fs::write(&path, torn).unwrap();
            assert_eq!(RunLock::take(&path).unwrap().predecessor(), None, "{torn}");
        }
    }

    #[test]
    fn an_owner_on_another_machine_lives_as_long_as_it_is_heard() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let far = Owner { host: "elsewhere.invalid".to_owned(), pid: 1, since_unix: 5 };
        write(&path, &far);
        assert_eq!(RunLock::holder(&path), Some(far.clone()));
        assert!(matches!(RunLock::take(&path), Err(RecordError::Locked { .. })));
        let long_ago = SystemTime::now() - SILENCE - Duration::from_secs(1);
        File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
        assert_eq!(RunLock::holder(&path), None);
        assert_eq!(RunLock::take(&path).unwrap().predecessor(), Some(&far));
    }
}
