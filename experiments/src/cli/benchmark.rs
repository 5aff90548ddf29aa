//! `backdraft benchmark`.

use std::num::NonZeroUsize;
use std::time::Instant;

use anyhow::anyhow;
use backdraft_faults::{Half, Judged, Score, State, Training, judge_all};
use backdraft_lab::Backend;
use clap::{Args, Subcommand};
use serde_json::json;

use super::failure::Failure;
use super::print::{note, say, say_json};

/// More would take hours.
const MOST_SEEDS: u64 = 100;

#[derive(Debug, Args)]
pub(super) struct BenchmarkArguments {
    #[command(subcommand)]
    of: Benchmark,
}

#[derive(Debug, Subcommand)]
enum Benchmark {
    /// Put faults into trainings, and count what the diagnosis finds in them and in healthy ones.
    Diagnosis(DiagnosisArguments),
}

#[derive(Debug, Args)]
struct DiagnosisArguments {
    /// Run each fault once, in seconds.
    #[arg(long, conflicts_with = "seeds")]
    quick: bool,
    /// Seeds of each fault in each architecture; three give more than 1,200 sick trainings.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=MOST_SEEDS))]
    seeds: u64,
    /// Run only what thresholds may be chosen on, so that nobody sees the rest while choosing.
    #[arg(long)]
    first_half: bool,
    /// Threads [default: as many as the machine has].
    #[arg(long)]
    jobs: Option<NonZeroUsize>,
    /// Also print what was missed, and every false alarm.
    #[arg(long)]
    mistakes: bool,
    /// Print JSON: the scores, and every training.
    #[arg(long)]
    json: bool,
}

pub(super) fn benchmark(arguments: &BenchmarkArguments) -> Result<(), Failure> {
    match &arguments.of {
        Benchmark::Diagnosis(arguments) => diagnosis(arguments),
    }
}

fn diagnosis(arguments: &DiagnosisArguments) -> Result<(), Failure> {
    let trainings =
        if arguments.quick { Training::sample() } else { Training::sick(0..arguments.seeds) };
    let is_chosen = |training: &Training| {
        let halves = [Half::of(training), Half::of(&training.healthy_twin())];
        !arguments.first_half || halves == [Half::First; 2]
    };
    let trainings: Vec<Training> = trainings.into_iter().filter(is_chosen).collect();
    let (_, device) = Backend::select(None).map_err(Failure::input)?;
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = arguments.jobs.map_or(threads, NonZeroUsize::get);
    let start = Instant::now();
    let tenth = trainings.len().div_ceil(10);
    let progress = |done: usize| {
        if done.is_multiple_of(tenth) && !arguments.quick {
            let seconds = start.elapsed().as_secs();
            note(format!("{done} of {} pairs of trainings in {seconds} s", trainings.len()));
        }
    };
    let judged = judge_all(&trainings, &device, threads, &progress)
        .map_err(|error| Failure::Run(anyhow!(error)))?;
    if arguments.json {
        let halves =
            Half::ALL.map(|half| json!({ "half": half, "score": Score::of_half(&judged, half) }));
        return say_json(&json!({
            "halves": halves, "all": Score::of(&judged), "trainings": judged,
        }));
    }
    if arguments.mistakes {
        judged.iter().filter_map(mistake).for_each(say);
    }
    if arguments.quick || arguments.first_half {
        say(Score::of(&judged).to_string());
        return Ok(());
    }
    for (half, title) in [
        (
            Half::HeldOut,
            "Held out: neither the architecture nor the fault was used to choose thresholds",
        ),
        (Half::Mixed, "Mixed: one of the two was"),
        (Half::First, "First half: both were"),
    ] {
        say(format!("## {title}\n\n{}", Score::of_half(&judged, half)));
    }
    say(format!("## All\n\n{}", Score::of(&judged)));
    Ok(())
}

fn mistake(judged: &Judged) -> Option<String> {
    let is_wrong = judged.rules.iter().any(|rule| judged.is_wrong(rule));
    let said = judged.findings.join(" | ");
    let kind = match judged.state {
        State::Healthy if !judged.rules.is_empty() => "false alarm",
        State::Healthy if judged.alarm_at.is_some() => "passing false alarm",
        State::Sick if !judged.is_found() => "missed",
        State::Sick if judged.fault.has_layer() && !judged.names_layer => "wrong layer",
        State::Sick if is_wrong => "wrong rule beside a right one",
        State::Sick | State::Unharmed | State::Healthy => return None,
    };
    Some(format!("{kind}: [{:?}] {}: {said}\n", judged.half, judged.title()))
}
