//! What listens to a training that is replayed.

use std::io;
use std::ops::RangeInclusive;

use backdraft_rows::Row;

use super::ExampleBatch;
use crate::checkpoint::Checkpoint;
use crate::keeper::{Decision, Keeper};
use crate::listener::{Listener, Look, Progress};

/// Looks closely at some steps of the first training that it hears of, and ends it after the last of
/// them.
pub(super) struct Watcher {
    /// To go on from.
    from: Option<Checkpoint>,
    look: Look,
    steps: RangeInclusive<u64>,
    /// The step before which a checkpoint is kept in memory.
    keep_before: u64,
    trainings: u32,
    pub(super) rows: Vec<Row>,
    pub(super) kept: Option<Checkpoint>,
    pub(super) examples: Option<ExampleBatch>,
    /// The last step that was reached.
    pub(super) reached: Option<u64>,
}

impl Watcher {
    /// Looks closely at steps, and keeps the state before one of them.
    pub(super) fn of_steps(
        from: Option<Checkpoint>,
        steps: RangeInclusive<u64>,
        keep_before: u64,
    ) -> Self {
        Self {
            from,
            look: Look::Closely,
            steps,
            keep_before,
            trainings: 0,
            rows: Vec::new(),
            kept: None,
            examples: None,
            reached: None,
        }
    }

    /// Looks at the examples of one step.
    pub(super) fn of_examples(from: Option<Checkpoint>, step: u64) -> Self {
        Self { look: Look::AtExamples, ..Self::of_steps(from, step..=step, u64::MAX) }
    }

    /// Tells whether this is the training that is replayed: trainings before it, which only try out
    /// rates, ask for no checkpoint, and what comes after it is another one.
    fn is_replayed(&self) -> bool {
        self.trainings == 1
    }
}

impl Listener for Watcher {
    fn record(&mut self, rows: &[Row]) -> io::Result<()> {
        if self.trainings <= 1 {
            self.rows.extend_from_slice(rows);
        }
        Ok(())
    }

    fn progress(&mut self, _progress: Progress) {}

    fn look(&mut self, step: u64) -> Look {
        if !self.is_replayed() {
            return Look::AsPlanned;
        }
        self.reached = Some(step);
        if self.steps.contains(&step) { self.look } else { Look::AsPlanned }
    }

    fn examples(&mut self, batch: ExampleBatch) {
        self.examples = Some(batch);
    }

    fn keeper(&mut self) -> Option<&mut dyn Keeper> {
        Some(self)
    }
}

impl Keeper for Watcher {
    fn restore(&mut self) -> Option<Checkpoint> {
        self.trainings += 1;
        self.from.take()
    }

    fn decide(&mut self, step: u64) -> Decision {
        match self.trainings {
            0 => Decision::GoOn,
            1 if step > *self.steps.end() => Decision::KeepAndStop,
            1 if step == self.keep_before => Decision::Keep,
            1 => Decision::GoOn,
            _ => Decision::KeepAndStop,
        }
    }

    fn keep(&mut self, checkpoint: Checkpoint) -> io::Result<()> {
        if self.is_replayed() && checkpoint.step() == self.keep_before {
            self.kept = Some(checkpoint);
        }
        Ok(())
    }
}
