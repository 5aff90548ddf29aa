//! Logs that other programs wrote, read as rows.
//!
//! TensorBoard's event files, CSV and JSON lines hold numbers under tags. A [`TagTable`] says which
//! quantity of which subject a tag is; what it does not know is counted and named, and never guessed.

mod collector;
mod error;
mod event;
mod json;
mod json_lines;
mod pattern;
mod protobuf;
mod record;
mod table;
mod tags;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

pub use collector::Unknown;
pub use error::LogError;
pub use pattern::{PatternError, TagPattern};
pub use tags::TagTable;

use crate::row::Row;
use collector::Collector;

/// How a log is read.
#[derive(Clone, Debug, Default)]
pub struct LogReader {
    /// Which tags are which quantities.
    pub tags: TagTable,
    /// The column or key that holds the step, where it is none of the usual names.
    pub step: Option<String>,
}

/// What a log holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// What was recognised: by step, and within a step in the order of the log.
    pub rows: Vec<Row>,
    /// What was not.
    pub unknown: Unknown,
    /// Whether the log ends within an entry, as that of a killed or a running training does.
    pub is_torn: bool,
    /// How many values were logged again for the same step, as after a restart from a checkpoint. The
    /// latest counts.
    pub replaced: usize,
}

/// A format of logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// TensorBoard's event files: TFRecords of `Event` protocol buffers.
    TensorBoard,
    /// Values separated by commas, semicolons or tabs, with a header: a column for each tag, or columns
    /// that name tag and value.
    Csv,
    /// A JSON object a line: a key for each tag, or keys that name tag and value.
    JsonLines,
    /// One JSON document: an array of such objects, or an object that holds one, such as the
    /// `log_history` of Hugging Face's `trainer_state.json`.
    Json,
}

impl LogFormat {
    /// Tells the format by the name of the file.
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name().and_then(OsStr::to_str)?;
        if name.contains("tfevents") {
            return Some(Self::TensorBoard);
        }
        match path.extension().and_then(OsStr::to_str)?.to_ascii_lowercase().as_str() {
            "csv" | "tsv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

impl LogReader {
    /// Reads the files of one training: several event files are one log if the training was restarted.
    ///
    /// # Errors
    ///
    /// [`LogError`] naming the file, the place in it and the remedy.
    pub fn read<P: AsRef<Path>>(&self, paths: &[P]) -> Result<Log, LogError> {
        let mut collector = Collector::new(&self.tags);
        for path in paths.iter().map(AsRef::as_ref) {
            let format =
                LogFormat::of(path).ok_or_else(|| LogError::Format { path: path.to_owned() })?;
            let file = File::open(path)
                .map_err(|source| LogError::Io { path: path.to_owned(), source })?;
            self.collect(format, path, &mut BufReader::new(file), &mut collector)?;
        }
        Ok(collector.finish())
    }

    /// Reads a log from memory or a stream; `path` is what errors name.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_from(
        &self,
        format: LogFormat,
        path: &Path,
        mut input: impl BufRead,
    ) -> Result<Log, LogError> {
        let mut collector = Collector::new(&self.tags);
        self.collect(format, path, &mut input, &mut collector)?;
        Ok(collector.finish())
    }

    fn collect(
        &self,
        format: LogFormat,
        path: &Path,
        input: &mut dyn BufRead,
        collector: &mut Collector<'_>,
    ) -> Result<(), LogError> {
        let step = self.step.as_deref();
        match format {
            LogFormat::TensorBoard => event::read(path, input, collector),
            LogFormat::Csv => table::read(path, input, step, collector),
            LogFormat::JsonLines => json_lines::read(path, input, step, collector),
            LogFormat::Json => json::read(path, input, step, collector),
        }
    }
}

/// The names under which programs log the step; of several in one log, the first here counts.
const STEPS: &[&str] = &[
    "step",
    "_step",
    "global_step",
    "trainer/global_step",
    "train/global_step",
    "steps",
    "iteration",
    "iter",
    "batch",
];

/// Tells how well a column or key is known to hold the step, the lower the better; nothing if it does not.
fn step_rank(name: &str, told: Option<&str>) -> Option<usize> {
    match told {
        Some(told) => (name == told).then_some(0),
        None => STEPS.iter().position(|step| name.eq_ignore_ascii_case(step)),
    }
}

/// Reads a step, which some programs write as a float.
fn step_of(number: f64) -> Option<u64> {
    // Beyond 2⁵³ not every whole number is a float.
    let is_step = (0.0..=9_007_199_254_740_992.0).contains(&number) && number.fract() == 0.0;
    is_step.then_some(number as u64)
}

/// Reads a number as Python, C and JavaScript print it, NaN and infinities included.
fn number_of(text: &str) -> Option<f64> {
    let text = text.trim();
    // Rust's own parser takes `nan`, `inf` and `infinity` in any case, with a sign.
    text.parse().ok()
}
