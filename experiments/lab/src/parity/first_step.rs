//! What a trial measures up to the end of its first step.

use std::io;

use backdraft_rows::Row;
use backdraft_trainer::{Checkpoint, Decision, Keeper, Listener, Progress};

/// Keeps rows in memory and stops every training after one step.
#[derive(Default)]
pub(super) struct FirstStep {
    pub(super) rows: Vec<Row>,
}

impl Listener for FirstStep {
    fn record(&mut self, rows: &[Row]) -> io::Result<()> {
        self.rows.record(rows)
    }

    fn progress(&mut self, _progress: Progress) {}

    fn keeper(&mut self) -> Option<&mut dyn Keeper> {
        Some(self)
    }
}

impl Keeper for FirstStep {
    fn restore(&mut self) -> Option<Checkpoint> {
        None
    }

    fn decide(&mut self, step: u64) -> Decision {
        if step == 0 { Decision::GoOn } else { Decision::KeepAndStop }
    }

    fn keep(&mut self, _checkpoint: Checkpoint) -> io::Result<()> {
        Ok(())
    }
}
