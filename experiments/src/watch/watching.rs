//! Watches a run in full screen; progress bars take over where the view is left.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use backdraft_lab::{Interrupt, Spectator, Trial};
use backdraft_record::Ending;
use backdraft_rows::Row;
use backdraft_trainer::Progress;

use super::board::Board;
use super::screen::{Left, Screen};
use crate::progress::Bars;
use crate::terminal::note;

/// How long the view may take to leave the terminal.
const LEAVING: Duration = Duration::from_millis(300);

/// Tells the view, and the bars that wait behind it, what the workers do; dropped, it leaves the
/// terminal as it was.
pub(crate) struct Watch {
    board: Arc<Mutex<Board>>,
    bars: Arc<Bars>,
    is_over: Arc<AtomicBool>,
    view: Option<JoinHandle<()>>,
}

impl Watch {
    /// Shows the view of a run, which the user can interrupt there.
    ///
    /// # Errors
    ///
    /// The reason why the terminal shows no view.
    pub(crate) fn open(
        title: &str,
        trials: u64,
        jobs: usize,
        interrupt: &Interrupt,
    ) -> Result<Self, String> {
        let screen = Screen::open()?;
        let board = Arc::new(Mutex::new(Board::new(title.to_owned(), trials, jobs)));
        let bars = Arc::new(Bars::new(trials, jobs, true));
        let is_over = Arc::new(AtomicBool::new(false));
        let (leaving, has_left) = mpsc::channel::<()>();
        let view = {
            let (board, bars, is_over, interrupt) =
                (Arc::clone(&board), Arc::clone(&bars), Arc::clone(&is_over), interrupt.clone());
            let show = move || {
                let left = screen.show(&board, || is_over.load(Ordering::Relaxed));
                drop(leaving);
                // Together, so that no warning falls between the view and standard error.
                let mut board = board.lock().unwrap_or_else(PoisonError::into_inner);
                board.is_in_view = false;
                board.warnings.drain(..).for_each(note);
                drop(board);
                match left {
                    Left::Ended => {}
                    Left::Quit => bars.show(),
                    Left::Stop => {
                        bars.show();
                        interrupt.request();
                    }
                }
            };
            thread::Builder::new().spawn(show).map_err(|error| error.to_string())?
        };
        interrupt.before_end_at_once({
            let is_over = Arc::clone(&is_over);
            move || {
                is_over.store(true, Ordering::Relaxed);
                // Until the terminal is as it was; an error says that the view is gone.
                let _ = has_left.recv_timeout(LEAVING);
            }
        });
        Ok(Self { board, bars, is_over, view: Some(view) })
    }

    fn change(&self, change: impl FnOnce(&mut Board)) {
        change(&mut self.board.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(view) = self.view.take() {
            // A view that panicked has told so on the terminal.
            let _ = view.join();
        }
    }
}

impl Spectator for Watch {
    fn started(&self, worker: usize, trial: &Trial) {
        self.bars.started(worker, trial);
        self.change(|board| board.started(worker, trial.name()));
    }

    fn progress(&self, worker: usize, progress: Progress) {
        self.bars.progress(worker, progress);
        self.change(|board| board.progress(worker, progress));
    }

    fn measured(&self, worker: usize, rows: &[Row]) {
        self.bars.measured(worker, rows);
        self.change(|board| board.measured(worker, rows));
    }

    fn ended(&self, worker: usize, trial: &Trial, ending: &Ending) {
        self.bars.ended(worker, trial, ending);
        self.change(|board| board.ended(worker, ending));
    }

    fn warned(&self, warning: &str) {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        if board.is_in_view {
            board.warned(warning);
        } else {
            drop(board);
            self.bars.warned(warning);
        }
    }
}
