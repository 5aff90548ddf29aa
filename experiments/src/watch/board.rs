//! The state of a run: workers write it, the screen draws it.

use std::collections::{HashSet, VecDeque};
use std::time::Instant;

use backdraft_record::{Ending, Thinned};
use backdraft_rows::{Finding, QuantityName, Row, Thresholds, diagnose};
use backdraft_text::visible;
use backdraft_trainer::Progress;

use super::profile::Profile;

/// Most findings that are kept.
const FINDINGS: usize = 100;
/// Observations that the diagnosis takes into account.
const OBSERVATIONS: usize = 10;

/// The state of a run.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) title: String,
    pub(super) trials: u64,
    pub(super) ended: u64,
    pub(super) diverged: u64,
    pub(super) failed: u64,
    pub(super) started: Instant,
    pub(super) workers: Vec<Worker>,
    /// The worker whose trial is shown.
    pub(super) shown: usize,
    /// Findings, the latest last.
    pub(super) findings: VecDeque<String>,
    /// Warnings that only the view has shown so far.
    pub(super) warnings: Vec<String>,
    /// Whether the board is on the screen.
    pub(super) is_in_view: bool,
    found: HashSet<(String, &'static str)>,
}

/// The state of a worker.
#[derive(Debug, Default)]
pub(super) struct Worker {
    /// Its trial; empty before the first.
    pub(super) trial: String,
    pub(super) step: u64,
    pub(super) steps: u64,
    pub(super) losses: Thinned,
    /// The latest measurements, with their trial.
    pub(super) measured: Option<(String, Profile)>,
    observations: VecDeque<Vec<Row>>,
}

impl Board {
    pub(super) fn new(title: String, trials: u64, jobs: usize) -> Self {
        Self {
            title,
            trials,
            ended: 0,
            diverged: 0,
            failed: 0,
            started: Instant::now(),
            workers: (0..jobs).map(|_| Worker::default()).collect(),
            shown: 0,
            findings: VecDeque::new(),
            warnings: Vec::new(),
            is_in_view: true,
            found: HashSet::new(),
        }
    }

    /// Shows the trial of the next worker.
    pub(super) fn turn(&mut self) {
        self.shown = (self.shown + 1) % self.workers.len().max(1);
    }

    pub(super) fn started(&mut self, worker: usize, trial: String) {
        // Earlier measurements stay in view until the new trial has its own.
        let measured = self.workers[worker].measured.take();
        let trial = visible(&trial).into_owned();
        self.workers[worker] = Worker { trial, measured, ..Worker::default() };
    }

    pub(super) fn progress(&mut self, worker: usize, progress: Progress) {
        let worker = &mut self.workers[worker];
        (worker.step, worker.steps) = (progress.step, progress.steps);
    }

    pub(super) fn measured(&mut self, worker: usize, rows: &[Row]) {
        let state = &mut self.workers[worker];
        for row in rows {
            if row.subject.is_network() && row.quantity == QuantityName::LOSS {
                state.losses.push(row.step, row.value);
            }
        }
        let Some(profile) = Profile::of(rows) else { return };
        state.measured = Some((state.trial.clone(), profile));
        state.observations.push_back(rows.to_vec());
        if state.observations.len() > OBSERVATIONS {
            state.observations.pop_front();
        }
        let trial = state.trial.clone();
        for finding in diagnose(state.observations.iter().flatten(), &Thresholds::default()) {
            if self.found.insert((trial.clone(), finding.rule)) {
                let Finding { rule, subject, evidence, .. } = finding;
                self.find(format!("{trial}: {rule} in {subject}: {evidence}"));
            }
        }
    }

    /// Shows a warning among the findings and keeps it until the view is closed.
    pub(super) fn warned(&mut self, warning: &str) {
        self.find(format!("warning: {warning}"));
        self.warnings.push(warning.to_owned());
    }

    /// Adds a finding. The oldest one is dropped if there are too many.
    fn find(&mut self, finding: String) {
        self.findings.push_back(visible(&finding).into_owned());
        if self.findings.len() > FINDINGS {
            self.findings.pop_front();
        }
    }

    pub(super) fn ended(&mut self, worker: usize, ending: &Ending) {
        self.ended += 1;
        let state = &mut self.workers[worker];
        state.steps = state.steps.max(1);
        state.step = state.steps;
        let trial = state.trial.clone();
        match ending {
            Ending::Finished => {}
            Ending::Diverged { step, subject } => {
                self.diverged += 1;
                self.find(format!("{trial}: diverged at step {step} in {subject}"));
            }
            Ending::Failed { message } => {
                self.failed += 1;
                self.find(format!("{trial}: failed: {message}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_shown_once_per_trial() {
        let mut board = Board::new("e".to_owned(), 2, 1);
        let observe = |board: &mut Board, step: u64| {
            let row = |layer: i32| {
                let norm = 0.1f64.powi(9 - layer);
                let subject = format!("hidden.{layer}");
                Row::new(step, QuantityName::ACTIVATION_GRADIENT_NORM, subject, norm)
            };
            board.measured(0, &(0..10).map(row).collect::<Vec<_>>());
        };
        for trial in ["a", "b"] {
            board.started(0, trial.to_owned());
            (0..5).for_each(|step| observe(&mut board, step));
            board.ended(0, &Ending::Finished);
        }
        assert_eq!(board.findings.len(), 2, "{:?}", board.findings);
        assert!(board.findings[1].starts_with("b: vanishing in hidden.0"), "{:?}", board.findings);
        assert_eq!((board.ended, board.failed), (2, 0));
    }

    #[test]
    fn warnings_are_shown_and_kept_and_nothing_in_them_steers_the_terminal() {
        let mut board = Board::new("e".to_owned(), 2, 1);
        board.warned("`\u{1b}[2J` is passed over");
        assert_eq!(board.findings, [r"warning: `\u{1b}[2J` is passed over"]);
        assert_eq!(board.warnings.len(), 1);
        let message = "\u{9b}2J".to_owned();
        (0..2 * FINDINGS)
            .for_each(|_| board.ended(0, &Ending::Failed { message: message.clone() }));
        assert_eq!(board.findings.len(), FINDINGS);
        assert!(board.findings.iter().all(|finding| !finding.contains(char::is_control)));
    }
}
