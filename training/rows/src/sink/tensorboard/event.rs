//! The parts of the `Event` protocol buffer that are needed.

use super::HyperParameter;
use crate::row::Row;

/// The first event of a file.
pub(super) fn version(wall_time: f64) -> Vec<u8> {
    let mut event = Message::default();
    event.double(1, wall_time);
    event.bytes(3, b"brain.Event:2");
    event.0
}

/// The rows of one step.
pub(super) fn summary(wall_time: f64, rows: &[Row]) -> Vec<u8> {
    let mut summary = Message::default();
    // The bins of one histogram.
    let is_same = |a: &Row, b: &Row| {
        let are_bins = a.subject.decade().is_some() && b.subject.decade().is_some();
        let is_of_same = a.subject.without_bin() == b.subject.without_bin();
        a.quantity == b.quantity && are_bins && is_of_same
    };
    for rows in rows.chunk_by(is_same) {
        summary.message(1, &value(rows));
    }
    let mut event = Message::default();
    event.double(1, wall_time);
    event.unsigned(2, rows.first().map_or(0, |row| row.step));
    event.message(5, &summary);
    event.0
}

/// The hyper-parameters of a run, for TensorBoard's `hparams` plugin
/// (`tensorboard/plugins/hparams/plugin_data.proto`).
pub(super) fn session_start(
    wall_time: f64,
    group: &str,
    parameters: &[(String, HyperParameter)],
) -> Vec<u8> {
    let mut session = Message::default();
    for (name, parameter) in parameters {
        let mut value = Message::default(); // a `google.protobuf.Value`
        match parameter {
            HyperParameter::Number(number) => value.double(2, *number),
            HyperParameter::Text(text) => value.bytes(3, text.as_bytes()),
        }
        let mut entry = Message::default(); // of a map: key and value
        entry.bytes(1, name.as_bytes());
        entry.message(2, &value);
        session.message(1, &entry);
    }
    session.bytes(4, group.as_bytes());
    session.double(5, wall_time);
    let mut content = Message::default();
    content.message(3, &session);

    let mut plugin = Message::default();
    plugin.bytes(1, b"hparams");
    plugin.bytes(2, &content.0);
    let mut metadata = Message::default();
    metadata.message(1, &plugin);
    let mut value = Message::default();
    value.bytes(1, b"_hparams_/session_start_info");
    value.message(9, &metadata);
    let mut summary = Message::default();
    summary.message(1, &value);
    let mut event = Message::default();
    event.double(1, wall_time);
    event.message(5, &summary);
    event.0
}

/// A `Summary.Value`: one row is a scalar, the rows of bins are a histogram.
fn value(rows: &[Row]) -> Message {
    let mut value = Message::default();
    let Row { quantity, subject, value: number, .. } = &rows[0];
    if subject.decade().is_none() {
        value.bytes(1, format!("{quantity}/{subject}").as_bytes());
        value.float(2, *number as f32);
    } else {
        value.bytes(1, format!("{quantity}/{}", subject.without_bin()).as_bytes());
        value.message(5, &histogram(rows));
    }
    value
}

/// A `HistogramProto` of decades. Its sums assume that all elements lie at the geometric mean of their
/// decade, because rows hold only counts.
fn histogram(rows: &[Row]) -> Message {
    let bins: Vec<(i32, f64)> =
        rows.iter().filter_map(|row| Some((row.subject.decade()?, row.value))).collect();
    let lower = |decade: i32| 10f64.powi(decade);
    let center = |decade: i32| 10f64.powf(f64::from(decade) + 0.5);
    let sum = |power: i32| bins.iter().map(|(k, count)| count * center(*k).powi(power)).sum();
    let (mut limits, mut counts) = (Vec::new(), Vec::new());
    for (decade, count) in &bins {
        // A bucket extends down to the previous limit, so empty ones fill the gaps.
        if limits.last() != Some(&lower(*decade)) {
            limits.push(lower(*decade));
            counts.push(0.0);
        }
        limits.push(lower(decade + 1));
        counts.push(*count);
    }
    let mut message = Message::default();
    message.double(1, bins.first().map_or(0.0, |(decade, _)| lower(*decade)));
    message.double(2, bins.last().map_or(0.0, |(decade, _)| lower(decade + 1)));
    message.double(3, bins.iter().map(|(_, count)| count).sum());
    message.double(4, sum(1));
    message.double(5, sum(2));
    message.doubles(6, &limits);
    message.doubles(7, &counts);
    message
}

/// A protocol buffer under construction.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    const VARINT: u64 = 0;
    const BITS_64: u64 = 1;
    const LENGTH: u64 = 2;
    const BITS_32: u64 = 5;

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn key(&mut self, field: u64, kind: u64) {
        self.varint(field << 3 | kind);
    }

    fn unsigned(&mut self, field: u64, value: u64) {
        self.key(field, Self::VARINT);
        self.varint(value);
    }

    fn float(&mut self, field: u64, value: f32) {
        self.key(field, Self::BITS_32);
        self.0.extend(value.to_le_bytes());
    }

    fn double(&mut self, field: u64, value: f64) {
        self.key(field, Self::BITS_64);
        self.0.extend(value.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, value: &[u8]) {
        self.key(field, Self::LENGTH);
        self.varint(value.len() as u64);
        self.0.extend(value);
    }

    fn doubles(&mut self, field: u64, values: &[f64]) {
        let packed: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.bytes(field, &packed);
    }

    fn message(&mut self, field: u64, message: &Self) {
        self.bytes(field, &message.0);
    }
}
