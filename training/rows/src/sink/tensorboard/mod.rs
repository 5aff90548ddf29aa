//! TensorBoard event files.

mod event;
mod record;

pub(crate) use record::checksum;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Sink;
use crate::row::Row;

/// A value of a hyper-parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum HyperParameter {
    /// A number.
    Number(f64),
    /// A choice.
    Text(String),
}

/// Writes rows as TensorBoard events: scalars with the tag `quantity/subject`, and rows whose
/// subjects are bins, such as `head.weight[1e-4]`, as one histogram of magnitudes.
///
/// The file is a sequence of TFRecords with masked CRC-32C checksums, each an `Event` protocol
/// buffer (`tensorflow/core/util/event.proto` and `framework/summary.proto`). Scalars have 32
/// bits there: values beyond that range become infinite or 0.
///
/// ```
/// use backdraft_rows::{QuantityName, Row, Sink, TensorBoardSink};
///
/// let folder = std::env::temp_dir().join("backdraft-doctest");
/// let mut sink = TensorBoardSink::create(&folder).unwrap();
/// sink.write(&[Row::new(3, QuantityName::GRADIENT_NORM, "head.weight", 0.5)]).unwrap();
/// // tensorboard --logdir …/backdraft-doctest
/// # std::fs::remove_dir_all(folder).unwrap();
/// ```
#[derive(Debug)]
pub struct TensorBoardSink<W> {
    writer: W,
    /// The time of all events, if it is not the system's.
    fixed_time: Option<f64>,
}

impl TensorBoardSink<BufWriter<File>> {
    /// Creates an event file in `folder`, which is created if it does not exist.
    ///
    /// # Errors
    ///
    /// An I/O error if the folder or file cannot be created.
    pub fn create(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        // TensorBoard looks for `tfevents` and orders files by name. The process id distinguishes runs
        // that start in the same second.
        let seconds = wall_time() as u64;
        let name = format!("events.out.tfevents.{seconds:010}.backdraft.{}", std::process::id());
        Self::new(BufWriter::new(File::create(folder.join(name))?))
    }
}

impl<W: Write> TensorBoardSink<W> {
    /// Starts an event file in `writer`, which should be buffered. It is flushed after each
    /// observation.
    ///
    /// # Errors
    ///
    /// An I/O error of the writer.
    pub fn new(writer: W) -> io::Result<Self> {
        Self::begin(writer, None)
    }

    /// Starts an event file whose events all bear one time, in seconds since 1970: the same rows
    /// give the same bytes.
    ///
    /// # Errors
    ///
    /// An I/O error of the writer.
    pub fn at(writer: W, wall_time: f64) -> io::Result<Self> {
        Self::begin(writer, Some(wall_time))
    }

    fn begin(writer: W, fixed_time: Option<f64>) -> io::Result<Self> {
        let mut sink = Self { writer, fixed_time };
        let version = event::version(sink.time());
        record::write(&mut sink.writer, &version)?;
        Ok(sink)
    }

    fn time(&self) -> f64 {
        self.fixed_time.unwrap_or_else(wall_time)
    }

    /// Writes the settings of a run for TensorBoard's HParams dashboard, which treats runs of the same
    /// `group` as repetitions.
    ///
    /// # Errors
    ///
    /// An I/O error of the writer.
    pub fn hyper_parameters(
        &mut self,
        group: &str,
        parameters: &[(String, HyperParameter)],
    ) -> io::Result<()> {
        let start = event::session_start(self.time(), group, parameters);
        record::write(&mut self.writer, &start)
    }

    /// Returns the writer.
    pub fn into_inner(self) -> W {
        self.writer
    }
}

impl<W: Write> Sink for TensorBoardSink<W> {
    fn write(&mut self, rows: &[Row]) -> io::Result<()> {
        let wall_time = self.time();
        for of_step in rows.chunk_by(|a, b| a.step == b.step) {
            record::write(&mut self.writer, &event::summary(wall_time, of_step))?;
        }
        self.writer.flush()
    }
}

/// Seconds since 1970.
fn wall_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}
