//! JSON lines: one object per row.

use std::io::{self, Write};

use super::Sink;
use crate::row::Row;

/// Writes each row as one line of JSON. Values that are not finite become `null`.
///
/// ```
/// use backdraft_rows::{JsonLinesSink, QuantityName, Row, Sink};
///
/// let mut sink = JsonLinesSink::new(Vec::new());
/// sink.write(&[Row::new(3, QuantityName::GRADIENT_NORM, "head.weight", 0.5)]).unwrap();
/// let line = "{\"step\":3,\"quantity\":\"gradient_norm\",\"subject\":\"head.weight\",\"value\":0.5}\n";
/// assert_eq!(String::from_utf8(sink.into_inner()).unwrap(), line);
/// ```
#[derive(Debug)]
pub struct JsonLinesSink<W> {
    writer: W,
}

impl<W: Write> JsonLinesSink<W> {
    /// Creates a sink that writes to `writer`, which should be buffered. It is flushed after each
    /// observation.
    pub fn new(writer: W) -> Self {
        Self { writer }
    }

    /// Returns the writer.
    pub fn into_inner(self) -> W {
        self.writer
    }
}

impl<W: Write> Sink for JsonLinesSink<W> {
    fn write(&mut self, rows: &[Row]) -> io::Result<()> {
        for row in rows {
            serde_json::to_writer(&mut self.writer, row)?;
            self.writer.write_all(b"\n")?;
        }
        self.writer.flush()
    }
}
