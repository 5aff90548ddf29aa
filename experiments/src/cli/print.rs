//! Prints what a person reads about a run: figures, verdicts, trials that did not finish.

use backdraft_record::{Ending, Manifest, Picture, Results, RunFolder};
use backdraft_text::{p_value, quoted, visible, wrapped};
use backdraft_verdicts::{Ruling, Verdict};
use backdraft_views::drawing::to_terminal;
use backdraft_views::report::{answer, measured};
use serde::Serialize;

use super::failure::Failure;
pub(super) use super::failure::{print_error, told};
use crate::terminal::{is_coloured, say_colored, width};
pub(super) use crate::terminal::{note, say, say_path};
pub(super) use backdraft_text::number;

/// Prints a value as JSON.
pub(super) fn say_json(value: &impl Serialize) -> Result<(), Failure> {
    crate::terminal::say_json(value).map_err(Failure::run)
}

/// Draws a picture as wide as the terminal.
pub(super) fn say_picture(picture: &Picture) {
    say_colored(to_terminal(picture, width(), is_coloured()));
}

/// How much is printed about a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// The answer, a picture, and the verdicts.
    Brief,
    /// Also rules, effects and evidence, and the trials that diverged.
    Verbose,
}

impl Detail {
    pub(super) fn of(is_verbose: bool) -> Self {
        if is_verbose { Self::Verbose } else { Self::Brief }
    }
}

/// Prints the report of a run: the answer, its picture, and the verdicts.
pub(super) fn print_run(
    manifest: &Manifest,
    pictures: &[Picture],
    results: &Results,
    detail: Detail,
) {
    if let Some(answer) = answer(&manifest.verdicts) {
        say_wrapped("", &answer);
        say("");
    }
    if let Some(picture) = pictures.first() {
        say_picture(picture);
        say("");
    }
    print_endings(results, detail);
    if !manifest.verdicts.is_empty() {
        print_signs();
    }
    for verdict in &manifest.verdicts {
        print_verdict(verdict, detail);
    }
}

/// Says how to see the rules and the evidence of a run.
pub(super) fn more(folder: &RunFolder) -> String {
    let path = quoted(&folder.path().to_string_lossy());
    format!("rules and evidence: backdraft show {path} --verbose")
}

/// Prints the trials that did not finish. A divergence is an outcome; a failure is not.
fn print_endings(results: &Results, detail: Detail) {
    let mut diverged = 0;
    for trial in results.trials() {
        let name = format!("{} seed {}", trial.factors, trial.seed);
        match &trial.ending {
            Ending::Finished => {}
            Ending::Diverged { step, subject } => {
                diverged += 1;
                if detail == Detail::Verbose {
                    say(format!("diverged at step {step} in {subject}: {name}"));
                }
            }
            Ending::Failed { message } => say(format!("failed: {name}: {message}")),
        }
    }
    if diverged > 0 && detail == Detail::Brief {
        say(format!("{diverged} of {} trials diverged", results.trials().len()));
    }
}

/// Prints a text in lines that fit, the first after `head` and the others below its end.
pub(super) fn say_wrapped(head: &str, text: &str) {
    let indent = head.chars().count();
    for (index, line) in lines(indent, text).iter().enumerate() {
        if index == 0 { say(format!("{head}{line}")) } else { say(format!("{:indent$}{line}", "")) }
    }
}

fn lines(indent: usize, text: &str) -> Vec<String> {
    wrapped(&visible(text), width().saturating_sub(indent).max(20))
}

/// The sign of a ruling, with its colour.
fn sign(ruling: Ruling) -> String {
    let (sign, color) = match ruling {
        Ruling::Supported => ('✓', 32),
        Ruling::Refuted => ('✗', 31),
        Ruling::Inconclusive => ('?', 33),
    };
    if is_coloured() { format!("\u{1b}[1;{color}m{sign}\u{1b}[0m") } else { sign.to_string() }
}

/// Says what the signs of the verdicts mean.
fn print_signs() {
    use Ruling::{Inconclusive, Refuted, Supported};
    let signs = [Supported, Refuted, Inconclusive].map(|of| format!("{} {of}", sign(of)));
    say_colored(signs.join("   "));
}

/// Columns of a sign.
const SIGN: usize = 2;

fn print_verdict(verdict: &Verdict, detail: Detail) {
    let text = match detail {
        Detail::Brief => verdict.statement.clone(),
        Detail::Verbose => format!("{}: {}", verdict.ruling, verdict.statement),
    };
    for (index, line) in lines(SIGN, &text).iter().enumerate() {
        if index == 0 {
            say_colored(format!("{} {line}", sign(verdict.ruling)));
        } else {
            say(format!("{:SIGN$}{line}", ""));
        }
    }
    if detail == Detail::Brief {
        return;
    }
    let below = format!("{:SIGN$}", "");
    if let Some(effect) = &verdict.effect {
        let p = verdict.p_value.map_or(String::new(), |p| format!(", p = {}", p_value(p)));
        say_wrapped(&below, &format!("{}, {} seeds{p}", measured(effect), verdict.seeds));
    }
    say_wrapped(&below, &format!("Rule: {}", verdict.rule));
    if !verdict.evidence.is_empty() {
        say_wrapped(&below, &format!("Seen: {}", verdict.evidence));
    }
}
