//! Prints what a person reads about a run: figures, verdicts, trials that did not finish.

use backdraft_record::{Ending, Manifest, Picture, Results};
use backdraft_text::{p_value, visible};
use backdraft_verdicts::{Ruling, Verdict};
use backdraft_views::drawing::to_terminal;
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

/// Prints the trials that did not finish. A divergence is an outcome; a failure is not.
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
    say_colored(format!("{ruling} {}", visible(&verdict.statement)));
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
