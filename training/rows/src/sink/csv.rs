//! Comma-separated values.

use std::io::{self, Write};

use csv::Writer;

use super::Sink;
use crate::row::Row;

/// Writes rows as CSV with the header `step,quantity,subject,value`. NaN and infinities are kept.
///
/// ```
/// use backdraft_rows::{CsvSink, QuantityName, Row, Sink};
///
/// let mut bytes = Vec::new();
/// let mut sink = CsvSink::new(&mut bytes);
/// sink.write(&[Row::new(3, QuantityName::GRADIENT_NORM, "head.weight", 0.5)]).unwrap();
/// drop(sink);
/// assert_eq!(bytes, b"step,quantity,subject,value\n3,gradient_norm,head.weight,0.5\n");
/// ```
#[derive(Debug)]
pub struct CsvSink<W: Write> {
    writer: Writer<W>,
}

impl<W: Write> CsvSink<W> {
    /// Creates a sink that writes to `writer` and flushes it after each observation.
    pub fn new(writer: W) -> Self {
        Self { writer: Writer::from_writer(writer) }
    }
}

impl<W: Write> Sink for CsvSink<W> {
    fn write(&mut self, rows: &[Row]) -> io::Result<()> {
        for row in rows {
            self.writer.serialize(row).map_err(io::Error::from)?;
        }
        self.writer.flush()
    }
}
