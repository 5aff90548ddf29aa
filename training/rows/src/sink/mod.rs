//! Where rows go, independent of where they come from.

mod callback;
mod csv;
mod json_lines;
mod tensorboard;

use std::io;

pub use self::csv::CsvSink;
pub use callback::CallbackSink;
pub use json_lines::JsonLinesSink;
pub(crate) use tensorboard::checksum;
pub use tensorboard::{HyperParameter, TensorBoardSink};

use crate::row::Row;

/// Takes rows as they are measured. A `Vec<Row>` is also a sink.
pub trait Sink {
    /// Takes the rows of one observation.
    ///
    /// # Errors
    ///
    /// An I/O error of the file or stream behind the sink.
    fn write(&mut self, rows: &[Row]) -> io::Result<()>;
}

impl Sink for Vec<Row> {
    fn write(&mut self, rows: &[Row]) -> io::Result<()> {
        self.extend_from_slice(rows);
        Ok(())
    }
}
