//! What a trial leaves behind while it runs: measurements, checkpoints, and news for the spectator.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::{Duration, Instant};

use backdraft_record::{Ending, RecordError, RunFolder, TrialWriter};
use backdraft_rows::{QuantityName, Row};
use backdraft_trainer::{Checkpoint, Decision, Keeper, Listener, Progress};

use crate::checkpoints::Checkpoints;
use crate::interrupt::{AtStake, Interrupt};
use crate::study::{Spectator, StudyOptions};
use crate::trial::Trial;

/// When a trial is checkpointed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CheckpointEvery {
    /// After so much time: what a kill costs at most.
    Time(Duration),
    /// After so many steps; the weights of the best checkpoint stay.
    Steps(u64),
    /// Not until it is interrupted.
    Never,
}

impl CheckpointEvery {
    /// Ten seconds: a checkpoint of a small network takes some milliseconds.
    pub const DEFAULT: Self = Self::Time(Duration::from_secs(10));
}

/// Reads `10s`, `500` (steps) or `never`.
impl FromStr for CheckpointEvery {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let steps = || text.parse().ok().filter(|steps| *steps > 0).map(Self::Steps);
        let seconds = || {
            let seconds = text.strip_suffix('s')?.trim_end().parse().ok()?;
            Duration::try_from_secs_f64(seconds).ok().map(Self::Time)
        };
        let never = || (text == "never").then_some(Self::Never);
        let expected = || "expected seconds (`10s`), steps (`500`) or `never`".to_owned();
        steps().or_else(seconds).or_else(never).ok_or_else(expected)
    }
}

/// Reads back as written.
impl fmt::Display for CheckpointEvery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(period) => write!(f, "{}s", period.as_secs_f64()),
            Self::Steps(period) => write!(f, "{period}"),
            Self::Never => f.write_str("never"),
        }
    }
}

/// Writes what a trial measures, keeps its checkpoints and tells the spectator.
pub(crate) struct TrialRecord<'a> {
    writer: TrialWriter,
    checkpoints: Checkpoints,
    /// To go on from, until the training asks for it.
    restored: Option<Checkpoint>,
    /// Trainings that have begun: only the first of a trial is checkpointed.
    trainings: u32,
    every: CheckpointEvery,
    last_kept: (Instant, u64),
    /// Latest test loss, and the lowest that a checkpoint has followed.
    test_loss: Option<f64>,
    best: Option<f64>,
    interrupt: &'a Interrupt,
    /// Once a training has begun: before it, nothing is worth keeping.
    at_stake: Option<AtStake>,
    worker: usize,
    spectator: &'a dyn Spectator,
}

impl<'a> TrialRecord<'a> {
    /// Opens the record of a trial at its latest checkpoint that can be used, or anew.
    pub(crate) fn open(
        trial: &Trial,
        folder: &RunFolder,
        options: &'a StudyOptions,
        worker: usize,
        spectator: &'a dyn Spectator,
    ) -> Result<Self, RecordError> {
        let path = folder.trial_path(&trial.name());
        let checkpoints = Checkpoints::of(folder, &trial.name(), options.checkpoints_kept);
        let mut resumed = None;
        for found in checkpoints.latest_first()? {
            match found {
                Ok((checkpoint, mark)) => {
                    if let Some(writer) = TrialWriter::resume(&path, &mark)? {
                        resumed = Some((writer, Some(checkpoint), (mark.test_loss, mark.best)));
                        break;
                    }
                    let step = checkpoint.step();
                    spectator.warned(&format!(
                        "`{}` does not begin as it did at the checkpoint of step {step}, which is \
                         passed over",
                        path.display()
                    ));
                }
                Err(error) => spectator.warned(&error.to_string()),
            }
        }
        let (writer, restored, (test_loss, best)) = match resumed {
            Some(resumed) => resumed,
            None => {
                checkpoints.forget()?;
                let writer = TrialWriter::create(&path, &trial.factors, trial.seed)?;
                (writer, None, (None, None))
            }
        };
        let step = restored.as_ref().map_or(0, Checkpoint::step);
        Ok(Self {
            writer,
            checkpoints,
            restored,
            trainings: 0,
            every: options.checkpoint_every,
            last_kept: (Instant::now(), step),
            test_loss,
            best,
            interrupt: &options.interrupt,
            at_stake: None,
            worker,
            spectator,
        })
    }

    /// Closes the record of a trial that has ended. One that failed keeps its checkpoints: it is
    /// tried again.
    pub(crate) fn end(self, ending: &Ending) -> Result<(), RecordError> {
        self.writer.end(ending)?;
        match ending {
            Ending::Failed { .. } => Ok(()),
            Ending::Finished | Ending::Diverged { .. } => self.checkpoints.retire(),
        }
    }

    fn is_due(&self, step: u64) -> bool {
        let (when, last) = self.last_kept;
        match self.every {
            CheckpointEvery::Time(period) => when.elapsed() >= period,
            // At the same steps whether the training is interrupted in between or not.
            CheckpointEvery::Steps(period) => step / period > last / period,
            CheckpointEvery::Never => false,
        }
    }

    /// The latest test loss, if the weights of this step are to be kept as the best so far: never by the
    /// clock, so that equal runs leave equal weights.
    fn improvement(&self, step: u64) -> Option<f64> {
        let is_regular = matches!(self.every, CheckpointEvery::Steps(_)) && self.is_due(step);
        let is_better = |loss: &f64| loss.is_finite() && self.best.is_none_or(|best| *loss < best);
        self.test_loss.filter(|_| is_regular).filter(is_better)
    }

    fn keep(&mut self, checkpoint: Checkpoint) -> Result<(), RecordError> {
        let step = checkpoint.step();
        if let Some(loss) = self.improvement(step) {
            self.checkpoints.keep_best(&checkpoint)?;
            self.best = Some(loss);
        }
        let mark = self.writer.mark(self.test_loss, self.best)?;
        self.checkpoints.keep(checkpoint, &mark)?;
        self.last_kept = (Instant::now(), step);
        Ok(())
    }
}

impl Listener for TrialRecord<'_> {
    fn record(&mut self, rows: &[Row]) -> io::Result<()> {
        self.spectator.measured(self.worker, rows);
        let tested =
            |row: &&Row| row.quantity == QuantityName::TEST_LOSS && row.subject.is_network();
        self.test_loss = rows.iter().rfind(tested).map(|row| row.value).or(self.test_loss);
        // What a trial measures before it trains was recorded before the checkpoint was made.
        if self.restored.is_some() {
            return Ok(());
        }
        self.writer.append(rows).map_err(io::Error::other)
    }

    fn progress(&mut self, progress: Progress) {
        self.spectator.progress(self.worker, progress);
    }

    fn keeper(&mut self) -> Option<&mut dyn Keeper> {
        Some(self)
    }
}

impl Keeper for TrialRecord<'_> {
    fn restore(&mut self) -> Option<Checkpoint> {
        self.trainings += 1;
        self.at_stake.get_or_insert_with(|| self.interrupt.at_stake());
        self.restored.take()
    }

    fn decide(&mut self, step: u64) -> Decision {
        if self.interrupt.is_requested() {
            Decision::KeepAndStop
        } else if self.trainings > 1 {
            // A checkpoint of a second training would be taken for one of the first.
            Decision::GoOn
        } else if self.is_due(step) {
            Decision::Keep
        } else {
            Decision::GoOn
        }
    }

    fn keep(&mut self, checkpoint: Checkpoint) -> io::Result<()> {
        if self.trainings == 1 { self.keep(checkpoint).map_err(io::Error::other) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_seconds_or_steps() {
        let read = |text: &str| text.parse::<CheckpointEvery>();
        assert_eq!(read("10s"), Ok(CheckpointEvery::DEFAULT));
        assert_eq!(read("0.5 s"), Ok(CheckpointEvery::Time(Duration::from_millis(500))));
        assert_eq!(read("500"), Ok(CheckpointEvery::Steps(500)));
        assert_eq!(read("never"), Ok(CheckpointEvery::Never));
        for text in ["10s", "0.25s", "500", "never"] {
            assert_eq!(read(text).unwrap().to_string(), text);
        }
        for text in ["", "0", "-1", "-1s", "nans", "1e99s", "ten", "s"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
