//! Measurements in the formats that other programs read; `docs/measurements.md` describes them.

mod format;
#[cfg(feature = "parquet")]
mod parquet;
mod rows;
mod tensorboard;

pub use format::{ExportError, Format, export};
