//! TensorBoard's event files, read.

use std::io::BufRead;
use std::path::Path;

use super::LogError;
use super::collector::Collector;
use super::protobuf::{Content, Fields, Malformed};
use super::record::{Next, next};

/// Reads every scalar of an event file: `simple_value`, and tensors with one number.
pub(super) fn read(
    path: &Path,
    input: &mut dyn BufRead,
    collector: &mut Collector<'_>,
) -> Result<(), LogError> {
    let content =
        |place: String, reason: String| LogError::Content { path: path.to_owned(), place, reason };
    let (mut buffer, mut index) = (Vec::new(), 0u64);
    loop {
        index += 1;
        let place = || format!("event {index}");
        let found = next(input, &mut buffer);
        match found.map_err(|source| LogError::Io { path: path.to_owned(), source })? {
            Next::Record => {}
            Next::PassedOver => continue,
            Next::End => return Ok(()),
            Next::Torn => {
                collector.is_torn();
                return Ok(());
            }
            Next::Damaged => {
                let reason = "its checksum does not agree: the file is damaged or no event file; copy it \
                              again, or log to another format";
                return Err(content(place(), reason.to_owned()));
            }
        }
        let event = Event::of(&buffer)
            .map_err(|Malformed| content(place(), "it is no event of TensorBoard".to_owned()))?;
        for value in event.summary.into_iter().flat_map(Fields) {
            let value = value.and_then(|(field, content)| scalar(field, content));
            let value = value.map_err(|Malformed| {
                content(place(), "its summary is no summary of TensorBoard".to_owned())
            })?;
            let Some((tag, number)) = value else { continue };
            let told = |reason| content(place(), reason);
            if let Some(slot) = collector.slot(tag, tag).map_err(told)? {
                collector.push(event.step, slot, number).map_err(told)?;
            }
        }
    }
}

/// The fields of an `Event` (`tensorflow/core/util/event.proto`) that are needed.
#[derive(Default)]
struct Event<'a> {
    step: u64,
    summary: Option<&'a [u8]>,
}

impl<'a> Event<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut event = Self::default();
        for field in Fields(bytes) {
            match field? {
                (2, content) => {
                    let step = content.varint().ok_or(Malformed)?;
                    // A negative step, as some log what came before the training, is of its start.
                    event.step = i64::try_from(step).map_or(0, |_| step);
                }
                (5, content) => event.summary = Some(content.bytes().ok_or(Malformed)?),
                _ => {}
            }
        }
        Ok(event)
    }
}

/// Reads a field of a `Summary` (`framework/summary.proto`): the tag and the number of a value that has
/// one.
fn scalar<'a>(field: u64, content: Content<'a>) -> Result<Option<(&'a str, f64)>, Malformed> {
    if field != 1 {
        return Ok(None);
    }
    let (mut tag, mut number) = (None, None);
    for field in Fields(content.bytes().ok_or(Malformed)?) {
        match field? {
            (1, content) => {
                let text = content.bytes().ok_or(Malformed)?;
                tag = Some(std::str::from_utf8(text).map_err(|_| Malformed)?);
            }
            (2, content) => number = Some(f64::from(content.float().ok_or(Malformed)?)),
            (8, content) => number = tensor(content.bytes().ok_or(Malformed)?)?,
            _ => {}
        }
    }
    Ok(tag.zip(number))
}

/// Reads a `TensorProto` (`framework/tensor.proto`) with one number; others have none.
fn tensor(bytes: &[u8]) -> Result<Option<f64>, Malformed> {
    let (mut kind, mut raw, mut listed) = (0, None, None);
    for field in Fields(bytes) {
        match field? {
            (1, content) => kind = content.varint().ok_or(Malformed)?,
            (4, content) => raw = content.bytes(),
            // Lists of one item, packed or not.
            (5..=7 | 10 | 11 | 13, content) if listed.is_none() => listed = Some(content),
            _ => {}
        }
    }
    Ok(raw.and_then(|raw| of_bytes(kind, raw)).or_else(|| listed.and_then(|c| of_list(kind, c))))
}

/// The types of tensors (`framework/types.proto`).
const FLOAT: u64 = 1;
const DOUBLE: u64 = 2;
const INT32: u64 = 3;
const INT64: u64 = 9;
const BFLOAT16: u64 = 14;

fn of_bytes(kind: u64, raw: &[u8]) -> Option<f64> {
    match kind {
        FLOAT => Some(f64::from(f32::from_le_bytes(raw.try_into().ok()?))),
        DOUBLE => Some(f64::from_le_bytes(raw.try_into().ok()?)),
        INT32 => Some(f64::from(i32::from_le_bytes(raw.try_into().ok()?))),
        INT64 => Some(i64::from_le_bytes(raw.try_into().ok()?) as f64),
        BFLOAT16 => {
            let half = u16::from_le_bytes(raw.try_into().ok()?);
            Some(f64::from(f32::from_bits(u32::from(half) << 16)))
        }
        _ => None,
    }
}

fn of_list(kind: u64, content: Content<'_>) -> Option<f64> {
    match (kind, content) {
        (FLOAT, Content::Bits32(bits)) => Some(f64::from(f32::from_le_bytes(bits))),
        (DOUBLE, Content::Bits64(bits)) => Some(f64::from_le_bytes(bits)),
        (FLOAT | DOUBLE, Content::Bytes(packed)) => of_bytes(kind, packed),
        (INT32 | INT64, Content::Varint(value)) => Some(value as i64 as f64),
        (INT32 | INT64, Content::Bytes(packed)) => {
            let mut fields = Fields(packed);
            let value = fields.varint()?;
            fields.0.is_empty().then_some(value as i64 as f64)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LogFormat, LogReader};
    use super::*;
    use crate::quantity_name::QuantityName;
    use crate::row::Row;
    use crate::sink::{Sink, TensorBoardSink};

    fn rows() -> Vec<Row> {
        let row = |step: u64, layer: usize| {
            let norm = 0.5f64.powi(layer as i32) * (step + 1) as f64;
            Row::new(step, QuantityName::GRADIENT_NORM, format!("hidden.{layer}.weight"), norm)
        };
        (0..5).flat_map(|step| (0..4).map(move |layer| row(10 * step, layer))).collect()
    }

    fn read(bytes: &[u8]) -> Result<super::super::Log, LogError> {
        LogReader::default().read_from(LogFormat::TensorBoard, Path::new("events"), bytes)
    }

    fn written() -> Vec<u8> {
        let mut sink = TensorBoardSink::at(Vec::new(), 0.0).unwrap();
        sink.write(&rows()).unwrap();
        sink.into_inner()
    }

    #[test]
    fn what_the_sink_writes_is_read_back_and_every_torn_tail_tolerated() {
        let bytes = written();
        let log = read(&bytes).unwrap();
        assert_eq!((log.rows, log.is_torn), (rows(), false));
        let mut ends = 0;
        for length in 0..bytes.len() {
            let log = read(&bytes[..length]).unwrap();
            assert!(rows().starts_with(&log.rows));
            ends += usize::from(!log.is_torn);
        }
        assert_eq!(ends, 6, "between records: at the start, and after each but the last");
        let grown = [&bytes[..], &[0; 99]].concat();
        assert!(read(&grown).unwrap().is_torn);
    }

    #[test]
    fn a_flipped_bit_anywhere_is_found() {
        let bytes = written();
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 4;
            let told = match read(&bytes) {
                Err(error) => error.to_string(),
                // A length that grew would be found by its sum.
                Ok(log) => panic!("byte {at}: {} rows", log.rows.len()),
            };
            assert!(told.starts_with("events, event ") && told.contains("checksum"), "{told}");
        }
    }

    #[test]
    fn tensors_of_one_number_are_scalars() {
        let float = 0.5f32.to_le_bytes();
        for (bytes, number) in [
            ([&[8, 1, 34, 4][..], &float].concat(), Some(0.5)),
            ([&[8, 1, 42, 4][..], &float].concat(), Some(0.5)),
            ([&[8, 1, 45][..], &float].concat(), Some(0.5)),
            ([&[8, 2, 34, 8][..], &3f64.to_le_bytes()].concat(), Some(3.0)),
            ([&[8, 14, 34, 2][..], &[0x80, 0x3f]].concat(), Some(1.0)),
            (vec![8, 9, 82, 1, 7], Some(7.0)),
            ([&[8, 1, 34, 8][..], &float, &float].concat(), None),
            (vec![8, 7, 66, 2, b'h', b'i'], None),
        ] {
            assert_eq!(tensor(&bytes), Ok(number), "{bytes:?}");
        }
    }
}
