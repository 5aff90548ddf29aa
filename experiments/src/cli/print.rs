//! What a person reads: pictures, tables, verdicts, errors.

#![expect(clippy::print_stderr, reason = "this is where the program speaks")]

use std::io::{ErrorKind, IsTerminal, Write};

use serde::Serialize;

use super::Failure;
use crate::drawing::to_terminal;
use crate::judgement::p_value;
use crate::picture::Picture;
use crate::record::Manifest;
use crate::results::{Ending, Results};
use crate::verdict::{Ruling, Verdict};

/// Prints an error on one line, with its causes.
pub(super) fn print_error(error: &anyhow::Error) {
    eprintln!("error: {}", format!("{error:#}").replace('\n', " "));
}

/// Prints a line to standard error: what is going on, not what was asked for.
pub(crate) fn note(line: impl std::fmt::Display) {
    eprintln!("{line}");
}

/// Prints a line to standard output. A reader that has gone away, as in `| head`, is no reason to
/// stop a run; a disk that is full is worth a word.
pub(super) fn say(line: impl std::fmt::Display) {
    if let Err(error) = writeln!(std::io::stdout(), "{line}")
        && error.kind() != ErrorKind::BrokenPipe
    {
        eprintln!("cannot write to standard output: {error}");
    }
}

/// Prints a value as JSON.
pub(super) fn say_json(value: &impl Serialize) -> Result<(), Failure> {
    say(serde_json::to_string_pretty(value).map_err(Failure::run)?);
    Ok(())
}

/// Draws a picture as wide as the terminal.
pub(super) fn say_picture(picture: &Picture) {
    say(to_terminal(picture, terminal_width(), is_coloured()));
}

fn is_coloured() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Prints the whole report of a run.
pub(super) fn print_run(manifest: &Manifest, pictures: &[Picture], results: &Results) {
    if let Some(picture) = pictures.first() {
        say_picture(picture);
    }
    print_endings(results);
    for verdict in &manifest.verdicts {
        print_verdict(verdict, is_coloured());
    }
}

/// Tells of trials that did not finish; a divergence is an outcome, a failure is not.
fn print_endings(results: &Results) {
    for trial in results.trials() {
        match &trial.ending {
            Ending::Finished => {}
            Ending::Diverged { step, subject } => {
                say(format!(
                    "diverged at step {step} in {subject}: {} seed {}",
                    trial.factors, trial.seed
                ));
            }
            Ending::Failed { message } => {
                say(format!("failed: {} seed {}: {message}", trial.factors, trial.seed));
            }
        }
    }
}

fn print_verdict(verdict: &Verdict, is_coloured: bool) {
    let color = match verdict.ruling {
        Ruling::Supported => "32",
        Ruling::Refuted => "31",
        Ruling::Inconclusive => "33",
    };
    let ruling = format!("{:<12}", verdict.ruling);
    let ruling = if is_coloured { format!("\u{1b}[1;{color}m{ruling}\u{1b}[0m") } else { ruling };
    say(format!("{ruling} {}", verdict.statement));
    if let Some(effect) = &verdict.effect {
        let interval = effect
            .interval
            .map_or(String::new(), |(low, high)| format!(" [{}, {}]", number(low), number(high)));
        let estimate = number(effect.estimate);
        let p = verdict.p_value.map_or(String::new(), |p| format!(", p = {}", p_value(p)));
        let (name, seeds) = (&effect.name, verdict.seeds);
        say(format!("             {name}: {estimate}{interval}, {seeds} seeds{p}"));
    }
    if !verdict.evidence.is_empty() {
        say(format!("             {}", verdict.evidence));
    }
}

/// Three significant digits, in the shorter notation.
pub(super) fn number(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || (1e-3..1e5).contains(&magnitude) {
        let digits = if magnitude >= 100.0 {
            0
        } else if magnitude >= 10.0 {
            1
        } else {
            3
        };
        format!("{value:.digits$}")
    } else {
        format!("{value:.2e}")
    }
}

fn terminal_width() -> usize {
    indicatif_width().clamp(60, 120)
}

/// Columns of the terminal, or of an ordinary page if there is none.
fn indicatif_width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.unwrap_or(96)
}
