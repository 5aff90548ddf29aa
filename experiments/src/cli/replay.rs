//! `backdraft replay`.

use std::path::PathBuf;

use backdraft_lab::{RUNS, ReplayedTrial, TrialReplay, find_run, find_trial};
use backdraft_text::duration;
use backdraft_trainer::{ExampleBatch, ExampleGradient, RankedBy, Replay};
use backdraft_views::replay::ReplayPage;
use clap::Args;

use super::failure::Failure;
use super::file::write_file;
use super::opened::Opened;
use super::print::{note, number, say, say_json};
use crate::laboratory::Laboratory;

/// Lines of the chain, and examples of the batch, that are printed.
const MOST_FOLLOWED: usize = 16;
const MOST_EXAMPLES: usize = 5;

/// The arguments of `backdraft replay`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReplayArguments {
    /// The run: a path, an id or the start of one, or `latest`.
    run: String,
    /// The trial: its name or the start of one, as its file of measurements is called.
    trial: String,
    /// The step to look at, from 0.
    #[arg(long, value_name = "STEP")]
    at: u64,
    /// How many steps before it to tell of.
    #[arg(long, default_value_t = 5, value_name = "STEPS", value_parser = clap::value_parser!(u64).range(..=100_000))]
    before: u64,
    /// How many steps after it to tell of.
    #[arg(long, default_value_t = 5, value_name = "STEPS", value_parser = clap::value_parser!(u64).range(..=100_000))]
    after: u64,
    /// Folder that holds the runs.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    out: PathBuf,
    /// Also write a page with the values of these steps under a slider.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print JSON, with every measurement of these steps.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Repeats the training from its last checkpoint before the step, or from the start, and measures every quantity
at every tap. Tells what left its range first (more than 6 robust deviations from its own course), what
followed, and which examples of the batch have the largest gradients.

Examples:
  backdraft replay latest network-sigmoid.depth-30.seed-0 --at 120
  backdraft replay 047563 network-relu.depth-3.seed-1 --at 41 --before 10 --after 2 --json";

pub(super) fn replay(arguments: &ReplayArguments, laboratory: &Laboratory) -> Result<(), Failure> {
    let ReplayArguments { run, trial, at, before, after, out, html, json } = arguments;
    find_run(out, run).map_err(Failure::Input)?;
    let opened = Opened::find(laboratory, out, run)?;
    let trials = opened.trials().map_err(Failure::Input)?;
    let trial = find_trial(&trials, trial).map_err(Failure::Input)?;
    let replay = Replay::at(*at).with_window(*before, *after);
    let replay = TrialReplay::prepare(&opened.folder, &opened.manifest, trial, replay);
    let replay = replay.map_err(Failure::Input)?;
    replay.warnings().iter().for_each(note);
    if !opened.manifest.versions.is_this_program() {
        let versions = &opened.manifest.versions;
        note(format!("the run was measured by another build ({versions}): values may differ"));
    }
    if replay.from() == 0 && *at > 0 {
        let (trials, time) = (opened.manifest.trials, duration(opened.manifest.seconds));
        note(format!(
            "no checkpoint before step {at} is kept: replaying {} steps from the start (the {trials} trials \
             of the run took {time})",
            replay.steps()
        ));
    }
    let replayed = replay.run().map_err(Failure::Input)?;
    if let Some(path) = html {
        let page = page(&replayed).map_err(Failure::run)?;
        write_file(path, |file| file.write_all(page.as_bytes()))?;
    }
    if *json {
        return say_json(&replayed);
    }
    print(&replayed);
    Ok(())
}

fn page(replayed: &ReplayedTrial) -> Result<String, serde_json::Error> {
    let batch = batch(replayed);
    let page = ReplayPage {
        title: &title(replayed),
        remarks: &[repeated(replayed)],
        story: &replayed.story,
        rows: &replayed.rows,
        batch: batch.as_ref().map(|(batch, examples)| (batch.as_str(), examples.as_slice())),
    };
    page.to_html()
}

/// Says what was replayed.
fn title(replayed: &ReplayedTrial) -> String {
    let ReplayedTrial { run, trial, from, story, .. } = replayed;
    let from = if *from == 0 { "the start".to_owned() } else { format!("step {from}") };
    format!("{run}  {trial}: steps {} to {}, replayed from {from}", story.first, story.last)
}

/// Says whether the replay measured what the run had measured.
fn repeated(replayed: &ReplayedTrial) -> String {
    let repeated = &replayed.repeated;
    match &repeated.first {
        None => format!(
            "{} measurements of the run are repeated, all of them to the bit.",
            repeated.compared
        ),
        Some(difference) => format!(
            "The replay differs from the run: at step {}, {} of {} was {} and is now {}.",
            difference.step,
            difference.quantity,
            difference.subject,
            number(difference.first),
            number(difference.second)
        ),
    }
}

fn print(replayed: &ReplayedTrial) {
    let story = &replayed.story;
    say(format!("{} in {}", title(replayed), duration(replayed.seconds)));
    say(repeated(replayed));
    let Some(cause) = story.cause() else {
        say("\nEvery value keeps to its range.");
        print_batch(replayed);
        return;
    };
    say(format!("\nFirst out of its range:\n  {cause}"));
    let before = story.course.iter().filter(|(step, _)| *step < cause.step).rev().take(5);
    let mut before: Vec<String> =
        before.map(|(step, value)| format!("{step}: {}", number(*value))).collect();
    before.reverse();
    say(format!("  the values before: {}", before.join(", ")));
    let followed = &story.departures[1..];
    if !followed.is_empty() {
        say("\nWhat followed:");
    }
    followed.iter().take(MOST_FOLLOWED).for_each(|departure| say(format!("  {departure}")));
    if let Some(more @ 1..) = followed.len().checked_sub(MOST_FOLLOWED) {
        say(format!("  … and {more} more, which --json lists"));
    }
    print_batch(replayed);
}

fn print_batch(replayed: &ReplayedTrial) {
    let Some((batch, examples)) = batch(replayed) else { return };
    say(format!("\n{batch}"));
    examples.iter().for_each(|example| say(format!("  {example}")));
}

/// Says which batch was looked at, and which of its examples are the largest.
fn batch(replayed: &ReplayedTrial) -> Option<(String, Vec<String>)> {
    let batch = replayed.batch.as_ref()?;
    let ExampleBatch { step, size, examples, .. } = batch;
    let (seed, by) = (replayed.seed, RankedBy::of(replayed.story.cause().map(|cause| cause.part)));
    let looked = if examples.len() < *size {
        format!(", of which the first {} are looked at", examples.len())
    } else {
        String::new()
    };
    let (what, symbol) = match by {
        RankedBy::Gradient => ("gradients", "‖g‖"),
        RankedBy::Activation => ("activations", "mean |a|"),
    };
    let told = format!(
        "The batch of step {step} (seed {seed}) has {size} examples{looked}. The largest {what}:"
    );
    let median = batch.median(by);
    let line = |example: &ExampleGradient| {
        let value = by.value(example);
        let (factor, value) = (number(value / median), number(value));
        format!("example {}: {symbol} {value}, {factor} times the median", example.example)
    };
    let largest = batch.largest_first(by);
    Some((told, largest.iter().take(MOST_EXAMPLES).map(line).collect()))
}
