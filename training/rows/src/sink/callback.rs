//! Rows passed to a function.

use std::io;

use super::Sink;
use crate::row::Row;

/// Calls a function with the rows of each observation.
#[derive(Debug)]
pub struct CallbackSink<F> {
    callback: F,
}

impl<F: FnMut(&[Row])> CallbackSink<F> {
    /// Creates a sink that calls `callback`.
    pub fn new(callback: F) -> Self {
        Self { callback }
    }
}

impl<F: FnMut(&[Row])> Sink for CallbackSink<F> {
    fn write(&mut self, rows: &[Row]) -> io::Result<()> {
        (self.callback)(rows);
        Ok(())
    }
}
