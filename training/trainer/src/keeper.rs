//! Stores the checkpoints of a run and decides when to stop it.

use std::io;

use crate::checkpoint::Checkpoint;

/// Decides when a run is checkpointed and where checkpoints are stored; returned by
/// [`Listener::keeper`](crate::Listener::keeper).
///
/// The trainer asks it before every step and does what it says, so that time, signals and disks do
/// not concern the trainer.
pub trait Keeper {
    /// Returns the checkpoint to continue from; called once, before the first step.
    fn restore(&mut self) -> Option<Checkpoint>;

    /// Decides what to do before `step`.
    fn decide(&mut self, step: u64) -> Decision;

    /// Stores a checkpoint. What was recorded so far precedes it; what is recorded from now on will be
    /// measured again when training continues from it.
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
    /// Store a checkpoint, then take the step.
    Keep,
    /// Store a checkpoint and end as [`Interrupted`](crate::Outcome::Interrupted).
    KeepAndStop,
}
