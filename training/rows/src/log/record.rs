//! TFRecords, read: length, checksum of the length, data, checksum of the data.

use std::io::{self, BufRead, Read};

use crate::sink::checksum;

/// Larger records hold a graph or pictures, no numbers, and are passed over.
const LARGEST: u64 = 64 << 20;

/// What comes next in the file.
pub(super) enum Next {
    /// A record, which is in the buffer.
    Record,
    /// A record that is too large to hold numbers.
    PassedOver,
    /// The file ends within a record.
    Torn,
    /// The checksum of a length or of data does not agree.
    Damaged,
    /// The file ends.
    End,
}

/// Reads the next record into `buffer`.
pub(super) fn next(input: &mut dyn BufRead, buffer: &mut Vec<u8>) -> io::Result<Next> {
    buffer.clear();
    let header: [u8; 12] = match exactly(input, 12, buffer)? {
        0 => return Ok(Next::End),
        12 => *buffer.first_chunk().unwrap_or(&[0; 12]),
        _ => return Ok(Next::Torn),
    };
    // A file that was to grow and did not ends in zeros.
    if header == [0; 12] {
        return Ok(if is_zero(input)? { Next::Torn } else { Next::Damaged });
    }
    let (length, sum) = header.split_at(8);
    if checksum(length) != sum {
        return Ok(Next::Damaged);
    }
    let length = u64::from_le_bytes(*length.first_chunk().unwrap_or(&[0; 8]));
    if length > LARGEST {
        let whole = length.saturating_add(4);
        let passed = io::copy(&mut input.take(whole), &mut io::sink())?;
        return Ok(if passed == whole { Next::PassedOver } else { Next::Torn });
    }
    buffer.clear();
    if (exactly(input, length + 4, buffer)? as u64) < length + 4 {
        return Ok(Next::Torn);
    }
    let sum = buffer.split_off(length as usize);
    Ok(if checksum(buffer)[..] == sum[..] { Next::Record } else { Next::Damaged })
}

fn exactly(input: &mut dyn BufRead, length: u64, buffer: &mut Vec<u8>) -> io::Result<usize> {
    // Grows as the file gives, not as a length promises.
    input.take(length).read_to_end(buffer)
}

fn is_zero(input: &mut dyn BufRead) -> io::Result<bool> {
    loop {
        let some = input.fill_buf()?;
        if some.is_empty() {
            return Ok(true);
        }
        if some.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        let length = some.len();
        input.consume(length);
    }
}
