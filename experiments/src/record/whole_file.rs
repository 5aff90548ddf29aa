//! Files that are written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::error::RecordError;

/// Replaces a file: under a temporary name, synced, renamed, with the folder synced as well, so that
/// after a loss of power there is the old content or the new one.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> Result<(), RecordError> {
    let write = || -> io::Result<()> {
        let parent = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent)?;
        let mut file = tempfile::NamedTempFile::new_in(parent)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        sync_folder(parent)
    };
    write().map_err(RecordError::write(path, content.len()))
}

/// Makes what was created, renamed and removed in a folder last. Windows has no such call.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}
