//! The IDX format of MNIST and its successors.

use std::path::Path;

use crate::bounded::Bounded;
use crate::error::DatasetError;
use crate::images::Images;

/// Unsigned bytes in one and in three dimensions.
const LABELS: u32 = 0x0000_0801;
const IMAGES: u32 = 0x0000_0803;
/// Beyond it lies a damaged header, not an image.
const LARGEST_SIDE: u32 = 4_096;

/// Reads grey images and their labels from two files, compressed by gzip or not.
///
/// # Reference
///
/// Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits": "the IDX file
/// format".
///
/// # Errors
///
/// [`DatasetError::File`] naming the file and what is wrong with it.
pub fn read_idx(images: &Path, labels: &Path, classes: usize) -> Result<Images, DatasetError> {
    let (sizes, pixels) = read::<3>(images, IMAGES)?;
    let ([count], labels_read) = read::<1>(labels, LABELS)?;
    let [image_count, height, width] = sizes;
    if image_count != count {
        let reason = format!("has {count} labels, but there are {image_count} images");
        return Err(DatasetError::file(labels, reason));
    }
    let shape = [1, height as usize, width as usize];
    Images::new(shape, classes, pixels, labels_read)
        .map_err(|reason| DatasetError::file(labels, reason))
}

/// Reads a magic number, `D` sizes, and the bytes that they promise.
fn read<const D: usize>(path: &Path, magic: u32) -> Result<([u32; D], Vec<u8>), DatasetError> {
    let mut file = Bounded::open(path)?;
    let header = file.take(4 * (1 + D as u64))?;
    let words = header.as_chunks::<4>().0;
    let found = u32::from_be_bytes(words[0]);
    if found != magic {
        let reason =
            format!("begins with {found:#010x}, not {magic:#010x}: this is no such IDX file");
        return Err(file.refuse(reason));
    }
    let sizes: [u32; D] = std::array::from_fn(|i| u32::from_be_bytes(words[1 + i]));
    if let Some(side) = sizes.iter().skip(1).find(|side| !(1..=LARGEST_SIDE).contains(*side)) {
        return Err(file.refuse(format!("declares images with a side of {side} pixels")));
    }
    let bytes = sizes.iter().try_fold(1u64, |product, size| product.checked_mul(u64::from(*size)));
    let values = file.take(bytes.unwrap_or(u64::MAX))?;
    file.finish()?;
    Ok((sizes, values))
}
