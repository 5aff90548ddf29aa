//! Who keeps the checkpoints of a run, and says when it is to stop.

use std::io;

use crate::checkpoint::Checkpoint;

/// Decides when a run is checkpointed and where checkpoints go; offered by
/// [`Listener::keeper`](crate::Listener::keeper).
///
/// Steps, time and signals are its own affair: the trainer asks and obeys.
pub trait Keeper {
    /// Returns the checkpoint to go on from, once, before the first step.
    fn restore(&mut self) -> Option<Checkpoint>;

    /// Decides what to do before `step`.
    fn decide(&mut self, step: u64) -> Decision;

    /// Keeps a checkpoint. Everything recorded so far lies before it, everything recorded from now
    /// on is measured again when training goes on from it.
    ///
    /// # Errors
    ///
    /// An I/O error stops the run.
    fn keep(&mut self, checkpoint: Checkpoint) -> io::Result<()>;
}

/// What to do before a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Take the step.
    GoOn,
    /// Keep a checkpoint, then take the step.
    Keep,
    /// Keep a checkpoint and end as [`Interrupted`](crate::Outcome::Interrupted).
    KeepAndStop,
}
