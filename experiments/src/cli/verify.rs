//! `backdraft verify`.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use backdraft_lab::settings::Overlay;
use backdraft_lab::{Backend, Entry, Interrupt, RUNS, RunRequest};
use backdraft_record::{Manifest, Preset};
use backdraft_text::duration;
use backdraft_verdicts::{Ruling, Verdict, correct_suite};
use clap::Args;
use toml::Value;

use super::by_name::by_name;
use super::failure::Failure;
use super::print::{note, number, print_error, say, say_json};
use super::request::{CheckpointArguments, execute_quietly};
use crate::laboratory::Laboratory;

#[derive(Debug, Args)]
#[command(after_help = VERIFY_EXAMPLES)]
pub(super) struct VerifyArguments {
    /// Names of experiments [default: all].
    names: Vec<String>,
    /// Effort; quick takes eleven minutes on two cores.
    #[arg(long, default_value_t, value_parser = by_name::<Preset>())]
    preset: Preset,
    /// The first seed, to try other seeds than the usual ones.
    #[arg(long, value_name = "N")]
    first_seed: Option<u64>,
    /// Back end to compute on, of those that `backdraft backends` lists [default: $BACKDRAFT_BACKEND].
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
    /// Trials that run side by side; results do not depend on it [default: number of cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Folder for run records.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    out: PathBuf,
    /// Measure again what is already recorded.
    #[arg(long)]
    fresh: bool,
    #[command(flatten)]
    checkpoints: CheckpointArguments,
    /// Print a table in Markdown.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Print the run records as JSON.
    #[arg(long)]
    json: bool,
}

const VERIFY_EXAMPLES: &str = "\
An experiment whose data are missing is named and skipped.

Examples:
  backdraft verify
  backdraft verify meanfield-chi phase-diagram
  backdraft verify --first-seed 1000
  backdraft verify --markdown > verdicts.md";

pub(super) fn verify(arguments: &VerifyArguments, laboratory: &Laboratory) -> Result<(), Failure> {
    let experiments: Vec<&'static dyn Entry> = match arguments.names.as_slice() {
        [] => laboratory.experiments(),
        names => names.iter().map(|name| laboratory.experiment(name)).collect::<Result<_, _>>()?,
    };
    // A mistake that concerns all experiments is reported once.
    Backend::select(arguments.backend.as_deref()).map_err(Failure::input)?;
    let interrupt = Interrupt::on_signals(|line| note(line)).map_err(Failure::run)?;
    let mut manifests = Vec::new();
    let mut failed = Vec::new();
    for experiment in experiments {
        let name = experiment.about().name;
        let request = request(arguments, experiment, &interrupt)?.program(laboratory.program());
        match execute_quietly(request).map_err(Failure::from) {
            Ok(run) => {
                if run.has_failures() {
                    failed.push(name);
                }
                note(format!("{name}: {}", duration(run.manifest().seconds)));
                manifests.push(run.into_manifest());
            }
            Err(interrupted @ Failure::Interrupted(_)) => return Err(interrupted),
            // Missing data of one experiment must not stop the others.
            Err(Failure::Run(error) | Failure::Input(error) | Failure::Locked(error)) => {
                print_error(&error.context(name));
                failed.push(name);
            }
        }
    }
    correct_suite(manifests.iter_mut().flat_map(|manifest| &mut manifest.verdicts));
    if arguments.json {
        say_json(&manifests)?;
    } else {
        print_table(&manifests, arguments.markdown);
    }
    match failed.as_slice() {
        [] => Ok(()),
        names => Err(Failure::Run(anyhow!("not verified: {}", names.join(", ")))),
    }
}

fn request(
    arguments: &VerifyArguments,
    experiment: &'static dyn Entry,
    interrupt: &Interrupt,
) -> Result<RunRequest<'static>, Failure> {
    let VerifyArguments { preset, first_seed, backend, jobs, out, fresh, .. } = arguments;
    let request = RunRequest::new(experiment).preset(*preset).out(out).fresh(*fresh);
    let mut request = arguments.checkpoints.of(request).interrupt(interrupt.clone());
    if let Some(seed) = first_seed {
        let seed = i64::try_from(*seed).context("--first-seed is too large");
        let seed = Value::Integer(seed.map_err(Failure::Input)?);
        let overlay = Overlay::new("--first-seed", "first_seed", seed);
        request = request.overlay(overlay.map_err(Failure::input)?);
    }
    request = backend.iter().fold(request, RunRequest::backend);
    Ok(jobs.iter().fold(request, |request, jobs| request.jobs((*jobs).into())))
}

fn print_table(manifests: &[Manifest], is_markdown: bool) {
    let verdicts = manifests.iter().flat_map(|m| m.verdicts.iter().map(move |v| (m, v)));
    if is_markdown {
        say("| experiment | verdict | claim | effect | 95 % interval |\n|---|---|---|---|---|");
    }
    for (manifest, verdict) in verdicts {
        let (effect, interval) = effect(verdict);
        let name = &manifest.experiment;
        let mark = if verdict.falls_to_correction() { " †" } else { "" };
        let ruling = format!("{}{mark}", verdict.ruling);
        let statement = &verdict.statement;
        if is_markdown {
            let cells =
                [statement.as_str(), &effect, &interval].map(|cell| cell.replace('|', r"\|"));
            say(format!("| `{name}` | {ruling} | {} |", cells.join(" | ")));
        } else {
            let claim = &verdict.claim;
            say(format!("{ruling:<14} {name:<22} {claim:<34} {effect} {interval}"));
        }
    }
    let all = || manifests.iter().flat_map(|manifest| &manifest.verdicts);
    let count = |ruling: Ruling| all().filter(|verdict| verdict.ruling == ruling).count();
    let seconds: f64 = manifests.iter().map(|manifest| manifest.seconds).sum();
    say(format!(
        "\n{} claims: {} supported, {} refuted, {} inconclusive; {} experiments in {}",
        all().count(),
        count(Ruling::Supported),
        count(Ruling::Refuted),
        count(Ruling::Inconclusive),
        manifests.len(),
        duration(seconds)
    ));
    let fallen = all().filter(|verdict| verdict.falls_to_correction()).count();
    let tests = all().filter(|v| v.p_value.is_some() || v.ruling == Ruling::Inconclusive).count();
    say(match fallen {
        0 => format!("All rulings survive Holm's correction for {tests} tests at 5 %."),
        _ => {
            format!("† {fallen} rulings do not survive Holm's correction for {tests} tests at 5 %.")
        }
    });
}

fn effect(verdict: &Verdict) -> (String, String) {
    let Some(effect) = &verdict.effect else { return (String::new(), String::new()) };
    let interval = effect
        .interval
        .map_or(String::new(), |(low, high)| format!("{} to {}", number(low), number(high)));
    (format!("{}: {}", effect.name, number(effect.estimate)), interval)
}
