//! Draws the view on the terminal and reads keys.

use std::io::{self, IsTerminal, Read, Stdout, Write, stdout};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TermionBackend;
use ratatui::termion::raw::{IntoRawMode, RawTerminal};
use ratatui::termion::screen::{AlternateScreen, IntoAlternateScreen};
use ratatui::termion::{async_stdin, terminal_size};

use super::board::Board;
use super::view::{LEAST, draw};

/// Time between two frames.
const PERIOD: Duration = Duration::from_millis(100);
const CTRL_C: u8 = 3;

/// Why the view was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// The run is over.
    Ended,
    /// The user wants progress bars instead.
    Quit,
    /// The user wants the run to stop.
    Stop,
}

/// A terminal in raw mode on its alternate screen. Dropping it restores the terminal.
pub(super) struct Screen {
    terminal: Terminal<TermionBackend<AlternateScreen<RawTerminal<Stdout>>>>,
}

impl Screen {
    /// Takes over the terminal.
    ///
    /// # Errors
    ///
    /// Why the view cannot be shown.
    pub(super) fn open() -> Result<Self, String> {
        if !stdout().is_terminal() || !io::stdin().is_terminal() {
            return Err("standard input and output are not a terminal".to_owned());
        }
        let size = terminal_size().map_err(|error| error.to_string())?;
        if size.0 < LEAST.0 || size.1 < LEAST.1 {
            let ((columns, rows), (width, height)) = (LEAST, size);
            return Err(format!(
                "the terminal is {width} × {height}, but the view needs {columns} × {rows}"
            ));
        }
        let open = || {
            let screen = stdout().into_raw_mode()?.into_alternate_screen()?;
            Terminal::new(TermionBackend::new(screen))
        };
        Ok(Self { terminal: open().map_err(|error: io::Error| error.to_string())? })
    }

    /// Draws the board repeatedly until a key closes the view or `is_over`. Restores the terminal.
    pub(super) fn show(mut self, board: &Mutex<Board>, is_over: impl Fn() -> bool) -> Left {
        let left = self.run(board, is_over);
        drop(self);
        // Standard output is line-buffered, and the sequence that switches the screen back has no newline.
        let _ = stdout().flush();
        left
    }

    fn run(&mut self, board: &Mutex<Board>, is_over: impl Fn() -> bool) -> Left {
        let mut keys = async_stdin();
        while !is_over() {
            let drawn = {
                let board = board.lock().unwrap_or_else(PoisonError::into_inner);
                self.terminal.draw(|frame| draw(frame, &board)).map(|_| ())
            };
            if drawn.is_err() {
                return Left::Quit; // The terminal is gone, but the run goes on.
            }
            let mut pressed = [0; 16];
            let count = keys.read(&mut pressed).unwrap_or(0);
            for key in &pressed[..count] {
                match key {
                    b'q' => return Left::Quit,
                    b'\t' => board.lock().unwrap_or_else(PoisonError::into_inner).turn(),
                    &CTRL_C => return Left::Stop,
                    _ => {}
                }
            }
            thread::sleep(PERIOD);
        }
        Left::Ended
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Without a terminal there is no cursor to show.
        let _ = self.terminal.show_cursor();
    }
}
