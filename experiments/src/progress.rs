//! Progress bars: one for all trials and one per worker.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use backdraft_lab::{Spectator, Trial};
use backdraft_record::Ending;
use backdraft_rows::{QuantityName, Row};
use backdraft_text::{duration, number, visible};
use backdraft_trainer::Progress;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::terminal::note;

/// Shows progress on standard error if it is a terminal.
pub struct Bars {
    all: ProgressBar,
    pace: Arc<Mutex<Pace>>,
    workers: Vec<Worker>,
    bars: MultiProgress,
}

struct Worker {
    bar: ProgressBar,
    norms: Mutex<Norms>,
}

/// How fast trials are measured.
struct Pace {
    started: Instant,
    trials: u64,
    /// Trials that ended, those of an earlier run included.
    ended: u64,
    /// Trials that began and ended in this run.
    measured: u64,
    /// What each worker has done of its trial, from 0 to 1; `None` if it has none.
    shares: Vec<Option<f64>>,
}

impl Pace {
    /// Less of a trial than this says nothing about the rest.
    const LEAST: f64 = 0.05;

    fn new(trials: u64, jobs: usize) -> Self {
        let started = Instant::now();
        Self { started, trials, ended: 0, measured: 0, shares: vec![None; jobs] }
    }

    fn ended(&mut self, worker: usize) {
        self.ended += 1;
        self.measured += u64::from(self.shares[worker].take().is_some());
    }

    /// Returns the seconds that are left after so many; `None` while too little has been measured.
    fn left(&self, elapsed: f64) -> Option<f64> {
        let under_way: f64 = self.shares.iter().flatten().sum();
        let measured = self.measured as f64 + under_way;
        let left = (self.trials.saturating_sub(self.ended) as f64 - under_way).max(0.0);
        (measured >= Self::LEAST).then(|| elapsed / measured * left)
    }

    fn in_words(&self) -> String {
        match self.left(self.started.elapsed().as_secs_f64()) {
            Some(seconds) => {
                format!("about {} left", duration(seconds.ceil()).replace(".0 s", " s"))
            }
            None => "time left not known yet".to_owned(),
        }
    }
}

/// The latest gradient norms of the first and the last weight matrix.
#[derive(Clone, Copy, Default)]
struct Norms {
    first: f64,
    last: f64,
}

impl Bars {
    /// Creates bars for `trials` trials on `jobs` workers, hidden if `quiet`.
    pub fn new(trials: u64, jobs: usize, quiet: bool) -> Self {
        let is_visible = !quiet && std::io::stderr().is_terminal();
        let target =
            if is_visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bars = MultiProgress::with_draw_target(target);
        let all = bars.add(ProgressBar::new(trials));
        let pace = Arc::new(Mutex::new(Pace::new(trials, jobs)));
        let told = Arc::clone(&pace);
        let left = move |_: &ProgressState, to: &mut dyn std::fmt::Write| {
            let pace = told.lock().unwrap_or_else(PoisonError::into_inner);
            // A bar without its last words is better than none.
            let _ = to.write_str(&pace.in_words());
        };
        let template = "{bar:24.cyan/dim} {pos}/{len} trials · {elapsed} · {left}";
        all.set_style(style(template).with_key("left", left));
        if is_visible {
            all.enable_steady_tick(Duration::from_millis(200));
        }
        let workers = (0..jobs).map(|_| {
            let bar = bars.add(ProgressBar::new(1));
            bar.set_style(style("{bar:32.green/dim} {percent:>3} % {msg}"));
            Worker { bar, norms: Mutex::new(Norms::default()) }
        });
        Self { all, pace, workers: workers.collect(), bars }
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows bars that were hidden.
    #[cfg(unix)]
    pub(crate) fn show(&self) {
        self.bars.set_draw_target(ProgressDrawTarget::stderr());
        self.all.enable_steady_tick(Duration::from_millis(200));
    }
}

/// Removes the bars from the screen.
impl Drop for Bars {
    fn drop(&mut self) {
        self.workers.iter().for_each(|worker| worker.bar.finish_and_clear());
        self.all.finish_and_clear();
    }
}

/// Creates a bar for the bytes of a download.
#[cfg(feature = "fetch")]
pub(crate) fn bytes() -> ProgressBar {
    let bar = ProgressBar::no_length();
    bar.set_style(style(
        "{bar:32.cyan/dim} {bytes}/{total_bytes} · {bytes_per_sec} · {eta} left · {msg}",
    ));
    bar
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants of this file; a mistake in one would show as a plain bar.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Spectator for Bars {
    fn started(&self, worker: usize, trial: &Trial) {
        self.pace().shares[worker] = Some(0.0);
        let bar = &self.workers[worker].bar;
        bar.set_position(0);
        let name = visible(&trial.name()).into_owned();
        bar.set_message(name.clone());
        bar.set_prefix(name);
    }

    fn progress(&self, worker: usize, progress: Progress) {
        self.pace().shares[worker] = Some(progress.step as f64 / progress.steps.max(1) as f64);
        let Worker { bar, norms } = &self.workers[worker];
        let norms = norms.lock().map(|norms| *norms).unwrap_or_default();
        bar.set_length(progress.steps);
        bar.set_position(progress.step);
        bar.set_message(format!(
            "{} · loss {} · ‖g‖ first {:.1e}, last {:.1e}",
            bar.prefix(),
            number(progress.loss),
            norms.first,
            norms.last
        ));
    }

    fn measured(&self, worker: usize, rows: &[Row]) {
        let is_weight =
            |row: &&Row| row.quantity == QuantityName::GRADIENT_NORM && row.subject.is_weight();
        let mut weights = rows.iter().filter(is_weight).map(|row| row.value);
        if let (Some(first), Ok(mut norms)) = (weights.next(), self.workers[worker].norms.lock()) {
            *norms = Norms { first, last: weights.next_back().unwrap_or(first) };
        }
    }

    fn ended(&self, worker: usize, _trial: &Trial, _ending: &Ending) {
        self.pace().ended(worker);
        self.all.inc(1);
    }

    fn warned(&self, warning: &str) {
        self.all.suspend(|| note(warning));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_unknown_at_first_and_then_falls() {
        let mut pace = Pace::new(8, 2);
        assert_eq!(pace.left(0.0), None);
        assert_eq!(pace.in_words(), "time left not known yet");
        let mut earlier = f64::INFINITY;
        // Two workers that need ten seconds for each of eight trials.
        for tick in 1..=40 {
            let share = f64::from(tick % 10) / 10.0;
            for worker in 0..2 {
                if tick % 10 == 0 {
                    pace.ended(worker);
                } else {
                    pace.shares[worker] = Some(share);
                }
            }
            let left = pace.left(f64::from(tick)).unwrap();
            assert!((left - f64::from(40 - tick)).abs() < 1e-9 && left < earlier, "{tick}: {left}");
            earlier = left;
        }
    }

    #[test]
    fn trials_of_an_earlier_run_do_not_make_this_one_faster() {
        let mut pace = Pace::new(10, 1);
        (0..8).for_each(|_| pace.ended(0));
        assert_eq!(pace.left(0.1), None);
        pace.shares[0] = Some(0.5);
        assert_eq!(pace.left(10.0), Some(30.0));
    }
}
