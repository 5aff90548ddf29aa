//! A training that only tries out a learning rate.

use std::io;

use backdraft_rows::Row;
use backdraft_trainer::{Checkpoint, Decision, Keeper, Listener, Progress};

/// Listener of a training that tries out a rate. It stops when its trial is asked to stop.
///
/// It keeps no checkpoints: a resumed trial repeats the attempt.
pub(super) struct Attempt<'a> {
    pub(super) rows: Vec<Row>,
    judged: &'a mut dyn Listener,
}

impl<'a> Attempt<'a> {
    pub(super) fn for_trial(judged: &'a mut dyn Listener) -> Self {
        Self { rows: Vec::new(), judged }
    }
}

impl Listener for Attempt<'_> {
    fn record(&mut self, rows: &[Row]) -> io::Result<()> {
        self.rows.record(rows)
    }

    fn progress(&mut self, _progress: Progress) {}

    fn keeper(&mut self) -> Option<&mut dyn Keeper> {
        Some(self)
    }
}

impl Keeper for Attempt<'_> {
    fn restore(&mut self) -> Option<Checkpoint> {
        None
    }

    fn decide(&mut self, step: u64) -> Decision {
        match self.judged.keeper().map(|keeper| keeper.decide(step)) {
            Some(Decision::KeepAndStop) => Decision::KeepAndStop,
            Some(Decision::Keep | Decision::GoOn) | None => Decision::GoOn,
        }
    }

    fn keep(&mut self, _checkpoint: Checkpoint) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stops every training before its third step.
    struct Impatient;

    impl Listener for Impatient {
        fn record(&mut self, _rows: &[Row]) -> io::Result<()> {
            Ok(())
        }

        fn progress(&mut self, _progress: Progress) {}

        fn keeper(&mut self) -> Option<&mut dyn Keeper> {
            Some(self)
        }
    }

    impl Keeper for Impatient {
        fn restore(&mut self) -> Option<Checkpoint> {
            None
        }

        fn decide(&mut self, step: u64) -> Decision {
            if step < 2 { Decision::Keep } else { Decision::KeepAndStop }
        }

        fn keep(&mut self, _checkpoint: Checkpoint) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_attempt_stops_with_its_trial_and_keeps_no_checkpoint() {
        let mut impatient = Impatient;
        let mut attempt = Attempt::for_trial(&mut impatient);
        let decisions = [0, 1, 2].map(|step| attempt.decide(step));
        assert_eq!(decisions, [Decision::GoOn, Decision::GoOn, Decision::KeepAndStop]);
    }
}
