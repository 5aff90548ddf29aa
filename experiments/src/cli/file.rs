//! Writes files that the user names.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use anyhow::anyhow;
use backdraft_record::write_whole;

use super::failure::Failure;

/// Writes a file completely or not at all.
///
/// # Errors
///
/// [`Failure::Run`] if the disk is full, [`Failure::Input`] if there can be no such file.
pub(super) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    write_whole(path, write).map_err(|error| not_written(path, &error))
}

/// Reports that a file or folder named by the user could not be written.
pub(super) fn not_written(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    if is_full(error) {
        let remedy = "the old content is intact; make room, or name a file on another disk";
        return Failure::Run(anyhow!("cannot write `{path}`: {error}; {remedy}"));
    }
    Failure::Input(anyhow!("cannot write `{path}`: {error}"))
}

fn is_full(error: &io::Error) -> bool {
    use ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), FileTooLarge | QuotaExceeded | StorageFull)
}
