//! Progress bars: one for all trials and one per worker.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use backdraft_lab::{Spectator, Trial};
use backdraft_record::Ending;
use backdraft_rows::{QuantityName, Row};
use backdraft_text::{number, visible};
use backdraft_trainer::Progress;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal::note;

/// Shows progress on standard error if it is a terminal.
pub struct Bars {
    all: ProgressBar,
    workers: Vec<Worker>,
    bars: MultiProgress,
}

struct Worker {
    bar: ProgressBar,
    norms: Mutex<Norms>,
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
        all.set_style(style("{bar:32.cyan/dim} {pos}/{len} trials · {elapsed} · {eta} left"));
        if is_visible {
            all.enable_steady_tick(Duration::from_millis(200));
        }
        let workers = (0..jobs).map(|_| {
            let bar = bars.add(ProgressBar::new(1));
            bar.set_style(style("{bar:32.green/dim} {percent:>3} % {msg}"));
            Worker { bar, norms: Mutex::new(Norms::default()) }
        });
        Self { all, workers: workers.collect(), bars }
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
        let bar = &self.workers[worker].bar;
        bar.set_position(0);
        let name = visible(&trial.name()).into_owned();
        bar.set_message(name.clone());
        bar.set_prefix(name);
    }

    fn progress(&self, worker: usize, progress: Progress) {
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

    fn ended(&self, _worker: usize, _trial: &Trial, _ending: &Ending) {
        self.all.inc(1);
    }

    fn warned(&self, warning: &str) {
        self.all.suspend(|| note(warning));
    }
}
