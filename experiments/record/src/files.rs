//! The files below a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::RecordError;
use crate::whole_file::UNFINISHED;

/// Removes the unfinished files of processes that were killed; to be called under the lock.
pub(super) fn clear_unfinished(folder: &Path) -> Result<(), RecordError> {
    let is_unfinished =
        |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes());
    for name in files_below(folder)? {
        if name.file_name().is_some_and(is_unfinished) {
            let path = folder.join(name);
            fs::remove_file(&path).map_err(RecordError::io("remove", path))?;
        }
    }
    Ok(())
}

/// Returns the paths, from there, of the files below a folder.
pub(super) fn files_below(folder: &Path) -> Result<Vec<PathBuf>, RecordError> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        for entry in entries(&folder.join(&inner))? {
            let kind = entry.file_type().map_err(RecordError::io("read", entry.path()))?;
            let name = inner.join(entry.file_name());
            if kind.is_dir() {
                folders.push(name);
            } else if kind.is_file() {
                files.push(name);
            }
        }
    }
    Ok(files)
}

/// Returns what is in a folder; nothing if there is none.
pub fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, RecordError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.and_then(Iterator::collect),
    };
    entries.map_err(RecordError::io("read", folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whole_file::write_bytes;

    #[test]
    fn what_a_killed_process_left_is_cleared_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        write_bytes(&path.join("inner/whole"), b"whole").unwrap();
        for left in [".unfinished-1", "inner/.unfinished-2"] {
            fs::write(path.join(left), "half").unwrap();
        }
        clear_unfinished(path).unwrap();
        assert_eq!(files_below(path).unwrap(), [Path::new("inner/whole")]);
        assert!(entries(&path.join("none")).unwrap().is_empty());
    }
}
