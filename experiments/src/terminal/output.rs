//! Prints lines and remembers failures.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Stdout, Write};
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};

use backdraft_text::{visible, visible_json};
use serde::Serialize;

/// Standard output with its state.
static OUTPUT: LazyLock<Mutex<Output<Stdout>>> =
    LazyLock::new(|| Mutex::new(Output { writer: io::stdout(), fault: None }));

/// A writer that stops at its first error and keeps it.
struct Output<W> {
    writer: W,
    fault: Option<io::Error>,
}

impl<W: Write> Output<W> {
    fn write(&mut self, write: impl FnOnce(&mut W) -> io::Result<()>) {
        if self.fault.is_none() {
            let written = write(&mut self.writer).and_then(|()| self.writer.flush());
            self.fault = written.err();
        }
    }

    /// Returns the error, once. A closed pipe, as in `| head`, is not an error.
    fn was_written(&mut self) -> io::Result<()> {
        match self.fault.take_if(|fault| fault.kind() != ErrorKind::BrokenPipe) {
            None => Ok(()),
            Some(fault) => Err(fault),
        }
    }
}

/// Lets something else print to standard output.
pub(crate) fn print_with(print: impl FnOnce(&mut Stdout) -> io::Result<()>) {
    OUTPUT.lock().unwrap_or_else(PoisonError::into_inner).write(print);
}

/// Prints a line to standard output.
pub(crate) fn say(line: impl Display) {
    say_colored(visible(&line.to_string()));
}

/// Prints a line with colours. Text from elsewhere in it must be [`visible`].
pub(crate) fn say_colored(line: impl Display) {
    print_with(|output| output.write_all(format!("{line}\n").as_bytes()));
}

/// Prints a value as JSON.
///
/// # Errors
///
/// An error of the serialiser, if the value cannot be expressed in JSON.
pub(crate) fn say_json(value: &impl Serialize) -> serde_json::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    say_colored(visible_json(&text));
    Ok(())
}

/// Prints a path for scripts: escaped on a terminal, and byte for byte elsewhere.
pub(crate) fn say_path(path: &Path) {
    if io::stdout().is_terminal() {
        return say(path.display());
    }
    let mut line = path.as_os_str().as_encoded_bytes().to_vec();
    line.push(b'\n');
    say_bytes(&line);
}

/// Prints bytes unchanged. They must not contain text from elsewhere.
pub(crate) fn say_bytes(bytes: &[u8]) {
    print_with(|output| output.write_all(bytes));
}

/// Prints a line to standard error. Errors are ignored: nobody reads a standard error that cannot be
/// written.
pub(crate) fn note(line: impl Display) {
    let line = line.to_string();
    let _ = writeln!(io::stderr(), "{}", visible(&line));
}

/// Checks that everything could be printed.
///
/// # Errors
///
/// The first I/O error, once.
pub(crate) fn was_written() -> io::Result<()> {
    OUTPUT.lock().unwrap_or_else(PoisonError::into_inner).was_written()
}

/// Returns whether to use colours on standard output.
pub(crate) fn is_coloured() -> bool {
    let variable = |name| std::env::var(name).ok();
    io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none()
        && has_colours(variable("TERM").as_deref())
}

/// Tells whether a kind of terminal knows colours.
fn has_colours(kind: Option<&str>) -> bool {
    kind.is_none_or(|kind| kind != "dumb")
}

/// Columns of an output that is no terminal.
const PAGE: usize = 80;

/// Returns the number of columns that standard output has, within bounds. The terminal is asked, because
/// `$COLUMNS` is that of the shell, at another time or of another window.
pub(crate) fn width() -> usize {
    let columns = if io::stdout().is_terminal() { terminal_columns() } else { None };
    columns.unwrap_or(PAGE).clamp(40, 120)
}

#[cfg(unix)]
fn terminal_columns() -> Option<usize> {
    let (columns, _) = ratatui::termion::terminal_size().ok()?;
    // A terminal that was never told its size has none.
    Some(usize::from(columns)).filter(|columns| *columns > 0)
}

#[cfg(not(unix))]
fn terminal_columns() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes `room` bytes, then fails.
    struct Small {
        room: usize,
        calls: usize,
        kind: ErrorKind,
    }

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.calls += 1;
            if bytes.len() > self.room {
                return Err(self.kind.into());
            }
            self.room -= bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn said(lines: usize, kind: ErrorKind) -> Output<Small> {
        let mut output = Output { writer: Small { room: 12, calls: 0, kind }, fault: None };
        (0..lines).for_each(|_| output.write(|writer| writer.write_all(b"a line\n")));
        output
    }

    #[test]
    fn a_dumb_terminal_has_no_colours() {
        assert!(!has_colours(Some("dumb")));
        assert!(has_colours(Some("xterm-256color")) && has_colours(None));
    }

    #[test]
    fn printing_stops_at_an_error_which_is_returned_once() {
        let mut output = said(34, ErrorKind::StorageFull);
        assert_eq!(output.writer.calls, 2);
        assert_eq!(output.was_written().unwrap_err().kind(), ErrorKind::StorageFull);
        assert!(output.was_written().is_ok());
    }

    #[test]
    fn printing_stops_at_a_closed_pipe_without_an_error() {
        let mut output = said(34, ErrorKind::BrokenPipe);
        assert_eq!(output.writer.calls, 2);
        assert!(output.was_written().is_ok());
        assert!(said(1, ErrorKind::BrokenPipe).was_written().is_ok());
    }
}
