//! TFRecords: length, checksum of the length, data, checksum of the data.

use std::io::{self, Write};

/// Writes one record.
pub(super) fn write(writer: &mut impl Write, data: &[u8]) -> io::Result<()> {
    let length = (data.len() as u64).to_le_bytes();
    writer.write_all(&length)?;
    writer.write_all(&checksum(&length))?;
    writer.write_all(data)?;
    writer.write_all(&checksum(data))
}

/// CRC-32C, masked as in TensorFlow's `lib/hash/crc32c.h`, because a plain checksum is weak on data
/// that contain checksums.
pub(crate) fn checksum(data: &[u8]) -> [u8; 4] {
    const MASK_DELTA: u32 = 0xa282_ead8;
    let crc = crc32c::crc32c(data);
    crc.rotate_right(15).wrapping_add(MASK_DELTA).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_framed_as_tensorflow_frames_it() {
        let mut bytes = Vec::new();
        write(&mut bytes, b"abc").unwrap();
        // Written by tensorboard.summary.writer.record_writer.RecordWriter of TensorBoard 2.21.
        let expected = [3, 0, 0, 0, 0, 0, 0, 0, 176, 153, 73, 14, 97, 98, 99, 110, 87, 241, 33];
        assert_eq!(bytes, expected);
    }
}
