//! Files and folders that are written whole or not at all: every file that a user names, and every file
//! of a record that is not appended to.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// How the names of unfinished files begin; a process that is killed leaves them behind.
pub(crate) const UNFINISHED: &str = ".unfinished-";

/// Writes a file beside `path`, syncs it, renames it when it is complete, and syncs the folder: readers,
/// crashes and losses of power see the older file or the new one. Missing folders are created.
///
/// A link is followed, and a file that is replaced keeps its permissions. A device or a pipe, such as
/// `/dev/stdout`, cannot be replaced: it is written to.
///
/// # Errors
///
/// The system's, or what `write` returns; an older file is untouched then.
pub fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let existing = fs::metadata(path).ok();
    if existing.as_ref().is_some_and(|kind| !kind.is_file() && !kind.is_dir()) {
        return write_through(&mut File::options().write(true).open(path)?, write);
    }
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = parent(&target);
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    // Temporary files are private by default; this one is going to be an ordinary file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    write_through(file.as_file_mut(), write)?;
    if let Some(permissions) = existing.filter(fs::Metadata::is_file).map(|m| m.permissions()) {
        keep_permissions(file.as_file(), permissions)?;
    }
    file.as_file().sync_all()?;
    file.persist(&target)?;
    sync_folder(folder)
}

/// Writes bytes as [`write_whole`] does.
///
/// # Errors
///
/// The system's; an older file is untouched then.
pub fn write_bytes(path: &Path, content: &[u8]) -> io::Result<()> {
    write_whole(path, |file| file.write_all(content))
}

/// Fills a folder, which must be empty or missing; if `fill` fails it is empty or missing afterwards.
///
/// `fill` is given a folder inside to write to, whose entries move up when they are complete.
///
/// # Errors
///
/// The system's, or what `fill` returns.
pub fn fill_whole(path: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let is_new = !path.exists();
    fs::create_dir_all(path)?;
    let filled = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(path).and_then(|inner| {
        fill(inner.path())?;
        for entry in fs::read_dir(inner.path())? {
            let entry = entry?;
            fs::rename(entry.path(), path.join(entry.file_name()))?;
        }
        inner.close()?;
        sync_folder(path)
    });
    if filled.is_err() && is_new {
        drop(fs::remove_dir(path));
    }
    filled
}

/// Writes through a buffer; an error of the system's is returned as such, whatever a library made of it on
/// the way.
fn write_through(
    file: &mut File,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut buffered = BufWriter::new(Noting { file, failure: None });
    let written = write(&mut buffered).and_then(|()| buffered.flush());
    let (noting, _unwritten) = buffered.into_parts();
    written.map_err(|error| noting.failure.map_or(error, io::Error::from_raw_os_error))
}

/// A file that remembers the system's first error.
struct Noting<'a> {
    file: &'a mut File,
    failure: Option<i32>,
}

impl Noting<'_> {
    fn note<T>(&mut self, outcome: io::Result<T>) -> io::Result<T> {
        // An interrupted call is repeated.
        if let Err(error) = &outcome
            && error.kind() != io::ErrorKind::Interrupted
        {
            self.failure = self.failure.or(error.raw_os_error());
        }
        outcome
    }
}

impl Write for Noting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let outcome = self.file.write(bytes);
        self.note(outcome)
    }

    fn flush(&mut self) -> io::Result<()> {
        let outcome = self.file.flush();
        self.note(outcome)
    }
}

/// Makes what was created, renamed and removed in a folder last. Windows has no such call.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

/// Returns the folder that a path is in.
pub fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file that may not be written keeps being one on Unix alone: Windows would not let it be replaced.
fn keep_permissions(file: &File, permissions: Permissions) -> io::Result<()> {
    if cfg!(unix) { file.set_permissions(permissions) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half(file: &mut dyn Write) -> io::Result<()> {
        file.write_all(b"half")?;
        Err(io::Error::other("no more"))
    }

    fn count(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_file_that_cannot_be_finished_leaves_the_older_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/file");
        write_bytes(&path, b"old").unwrap();
        assert!(write_whole(&path, half).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(count(&folder.path().join("new")), 1);
    }

    #[test]
    #[cfg(unix)]
    fn a_link_stays_a_link_permissions_stay_and_a_device_is_written_to() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, b"old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        symlink(&file, &link).unwrap();
        write_bytes(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let null = folder.path().join("null");
        symlink("/dev/null", &null).unwrap();
        write_bytes(&null, b"gone").unwrap();
        assert!(fs::symlink_metadata(&null).unwrap().is_symlink());
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_folder_that_cannot_be_filled_is_left_as_it_was() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("folder");
        let fill = |is_broken: bool| {
            fill_whole(&path, |inner| {
                fs::create_dir(inner.join("trial"))?;
                fs::write(inner.join("trial/events"), b"events")?;
                if is_broken { Err(io::Error::other("no more")) } else { Ok(()) }
            })
        };
        assert!(fill(true).is_err());
        assert!(!path.exists());
        fs::create_dir(&path).unwrap();
        assert!(fill(true).is_err());
        assert_eq!(count(&path), 0);
        fill(false).unwrap();
        assert_eq!(fs::read(path.join("trial/events")).unwrap(), b"events");
        assert_eq!(count(&path), 1);
    }
}
