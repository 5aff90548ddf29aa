//! Files of a record that are written whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::RecordError;
use crate::whole_file;

/// Replaces a file, so that after a loss of power there is the old content or the new one.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> Result<(), RecordError> {
    let write = whole_file::write_whole(path, |file| file.write_all(content));
    write.map_err(RecordError::write(path, content.len()))
}

/// Removes what processes that were killed left of files they were writing; to be called under the lock.
pub(super) fn clear_unfinished(folder: &Path) -> Result<(), RecordError> {
    for name in files_below(folder)? {
        let is_unfinished = |name: &std::ffi::OsStr| {
            name.as_encoded_bytes().starts_with(whole_file::UNFINISHED.as_bytes())
        };
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
        let path = folder.join(&inner);
        let entries = fs::read_dir(&path).map_err(RecordError::io("read", &path))?;
        for entry in
            entries.collect::<io::Result<Vec<_>>>().map_err(RecordError::io("read", &path))?
        {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_cleared_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        write_whole(&path.join("inner/whole"), b"whole").unwrap();
        for left in [".unfinished-1", "inner/.unfinished-2"] {
            fs::write(path.join(left), "half").unwrap();
        }
        clear_unfinished(path).unwrap();
        assert_eq!(files_below(path).unwrap(), [Path::new("inner/whole")]);
    }
}
