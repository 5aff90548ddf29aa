//! Files of a record that are written whole or not at all.

use std::path::Path;

use super::error::RecordError;
use crate::whole_file;

/// Replaces a file, so that after a loss of power there is the old content or the new one.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> Result<(), RecordError> {
    let write = whole_file::write_whole(path, |file| file.write_all(content));
    write.map_err(RecordError::write(path, content.len()))
}
