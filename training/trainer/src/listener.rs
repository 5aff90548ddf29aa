//! Receives what happens during training.

use std::io;

use backdraft_rows::Row;

use crate::keeper::Keeper;

/// Progress of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Steps taken so far.
    pub step: u64,
    /// Total number of steps.
    pub steps: u64,
    /// Latest training loss read back; at the end, the mean over all training examples.
    pub loss: f64,
}

/// Receives measurements as a training run makes them.
pub trait Listener {
    /// Records rows: quantities of the hook and of the trainer (see [`Trainer`](crate::Trainer)).
    ///
    /// # Errors
    ///
    /// An I/O error stops the run.
    fn record(&mut self, rows: &[Row]) -> io::Result<()>;

    /// Called every `loss_every` steps and at the end.
    fn progress(&mut self, progress: Progress);

    /// Returns what stores checkpoints; without it, the run has none and cannot be interrupted.
    fn keeper(&mut self) -> Option<&mut dyn Keeper> {
        None
    }
}

/// Ignores everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ignore;

impl Listener for Ignore {
    fn record(&mut self, _rows: &[Row]) -> io::Result<()> {
        Ok(())
    }

    fn progress(&mut self, _progress: Progress) {}
}

/// Keeps all rows in memory.
impl Listener for Vec<Row> {
    fn record(&mut self, rows: &[Row]) -> io::Result<()> {
        self.extend_from_slice(rows);
        Ok(())
    }

    fn progress(&mut self, _progress: Progress) {}
}
