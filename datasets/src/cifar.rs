//! The binary format of CIFAR-10 and CIFAR-100.

use std::path::{Path, PathBuf};

use crate::bounded::Bounded;
use crate::error::DatasetError;
use crate::images::Images;

const SHAPE: [usize; 3] = [3, 32, 32];
const PIXELS: usize = 3 * 32 * 32;

/// Reads colour images of 32 × 32 pixels. Each record has `labels` bytes, the last of which is the
/// class, and 3,072 pixels.
///
/// # Reference
///
/// A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009; "binary version".
///
/// # Errors
///
/// [`DatasetError::File`] naming the file and what is wrong with it.
pub fn read_cifar(
    files: &[PathBuf],
    labels: usize,
    classes: usize,
) -> Result<Images, DatasetError> {
    let mut images = Images { shape: SHAPE, classes, pixels: Vec::new(), labels: Vec::new() };
    for path in files {
        let part = read(path, labels, classes)?;
        images.pixels.extend(part.pixels);
        images.labels.extend(part.labels);
    }
    Ok(images)
}

fn read(path: &Path, labels: usize, classes: usize) -> Result<Images, DatasetError> {
    let bytes = Bounded::open(path)?.rest()?;
    let record = labels + PIXELS;
    if bytes.is_empty() || !bytes.len().is_multiple_of(record) {
        let reason = format!("has {} bytes, no multiple of {record}", bytes.len());
        return Err(DatasetError::file(path, reason));
    }
    let records = bytes.chunks_exact(record);
    let classes_read = records.clone().map(|record| record[labels - 1]).collect();
    let pixels = records.flat_map(|record| &record[labels..]).copied().collect();
    Images::new(SHAPE, classes, pixels, classes_read)
        .map_err(|reason| DatasetError::file(path, reason))
}
