//! Receives what happens during training.

use std::io;

use backdraft_rows::Row;

use crate::keeper::Keeper;
use crate::replay::ExampleBatch;

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

/// How closely to look at a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// As hook and configuration say.
    #[default]
    AsPlanned,
    /// With every tap and every quantity, and the loss of the batch. What the training does and
    /// measures otherwise stays the same.
    Closely,
    /// The same, and the gradient of each example of the batch. Layers with running statistics see the
    /// examples once more, so that later evaluations may differ: for a replay that ends here.
    AtExamples,
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

    /// Decides how closely to look at `step`; called once before it is taken.
    fn look(&mut self, _step: u64) -> Look {
        Look::AsPlanned
    }

    /// Receives the gradients of the examples of a batch, after [`Look::AtExamples`].
    fn examples(&mut self, _batch: ExampleBatch) {}

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
