//! Who is told what happens during training.

use std::io;

use backdraft_rows::Row;

use crate::keeper::Keeper;

/// How far a run is, for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Steps taken so far.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// Latest training loss that was read back.
    pub loss: f64,
}

/// Receives what a training run measures, as it is measured.
pub trait Listener {
    /// Keeps rows: quantities of the hook, and the trainer's own (see [`Trainer`](crate::Trainer)).
    ///
    /// # Errors
    ///
    /// An I/O error stops the run.
    fn record(&mut self, rows: &[Row]) -> io::Result<()>;

    /// Hears of progress, every `loss_every` steps and at the end.
    fn progress(&mut self, progress: Progress);

    /// Offers someone who keeps checkpoints; without, the run has none and cannot be interrupted.
    fn keeper(&mut self) -> Option<&mut dyn Keeper> {
        None
    }
}

/// Keeps nothing.
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
