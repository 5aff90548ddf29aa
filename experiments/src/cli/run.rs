//! `backdraft run`.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use backdraft_lab::settings::Overlay;
use backdraft_lab::{self, Conclusion, Interrupt, RUNS, Run, RunRequest, Spectator};
use backdraft_record::{Preset, REPORT};
use backdraft_text::duration;
use clap::Args;

use super::by_name::by_name;
use super::failure::Failure;
use super::print::{Detail, more, note, print_run, say, say_json, say_path};
use super::request::{CheckpointArguments, open};
use crate::laboratory::Laboratory;
use crate::progress::Bars;
#[cfg(unix)]
use crate::watch::Watch;

#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(super) struct RunArguments {
    /// Name of the experiment.
    name: String,
    /// Effort; quick takes at most two minutes on two cores.
    #[arg(long, default_value_t, value_parser = by_name::<Preset>())]
    preset: Preset,
    /// Number of seeds; more make intervals narrower. Same as `--set seeds=N`.
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// Back end to compute on, of those that `backdraft backends` lists [default: $BACKDRAFT_BACKEND].
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
    /// Trials that run side by side; results do not depend on it [default: number of cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Folder for run records.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    out: PathBuf,
    /// Change a setting; may be repeated. `backdraft describe NAME` lists them.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// TOML file with settings; `--set` overrides it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Measure again, even if this run is already recorded.
    #[arg(long)]
    fresh: bool,
    #[command(flatten)]
    checkpoints: CheckpointArguments,
    /// Full-screen view of gradients by layer, loss, findings and workers. The terminal needs at least
    /// 100 × 24 characters. `q` returns to progress bars without stopping the run.
    #[arg(long, short, conflicts_with_all = ["json", "quiet"])]
    watch: bool,
    /// Print the rule and the evidence of each verdict, too.
    #[arg(long, conflicts_with_all = ["json", "quiet"])]
    verbose: bool,
    /// Print the run record as JSON instead of the report.
    #[arg(long)]
    json: bool,
    /// Print only the path of the record: no progress bars, no report.
    #[arg(long, short)]
    quiet: bool,
}

const RUN_EXAMPLES: &str = "\
The same command resumes a run that was cut off, and does not measure a finished one again. Ctrl-C stops
after the current step and saves a checkpoint; a second Ctrl-C stops at once.

Examples:
  backdraft run sigmoid-vs-relu
  backdraft run sigmoid-vs-relu --set 'depths=[3, 30]' --set flow_depth=30
  backdraft run sigmoid-vs-relu --set data=teacher --seeds 10 --jobs 1
  backdraft run sigmoid-vs-relu --json | jq '.verdicts[] | [.claim, .ruling]'";

pub(super) fn run(arguments: &RunArguments, laboratory: &Laboratory) -> Result<(), Failure> {
    let interrupt = Interrupt::on_signals(|line| note(line)).map_err(Failure::run)?;
    let run = open(request(arguments, laboratory, &interrupt)?)?;
    let spectator = spectator(arguments, &run, &interrupt);
    report(arguments, &run.execute(spectator)?)
}

fn report(arguments: &RunArguments, run: &Conclusion) -> Result<(), Failure> {
    let (manifest, folder) = (run.manifest(), run.folder());
    if arguments.json {
        say_json(manifest)?;
    } else if !arguments.quiet {
        let detail = Detail::of(arguments.verbose);
        print_run(manifest, &run.pictures(), run.results(), detail);
        say(format!("\n{} trials in {}", manifest.trials, duration(manifest.seconds)));
        if detail == Detail::Brief {
            say(more(folder));
        }
        say(format!("report: {}", folder.path().join(REPORT).display()));
        say(format!("record: {}", folder.path().display()));
    } else {
        say_path(folder.path());
    }
    if run.has_failures() {
        let messages: Vec<&str> = run.failures().collect();
        return Err(Failure::Run(anyhow!(
            "{} of {} trials failed; the same command tries them again. The first failed because {}",
            messages.len(),
            manifest.trials,
            messages.first().copied().unwrap_or_default()
        )));
    }
    Ok(())
}

/// Converts the arguments. `--seeds` overrides `--set`, which overrides `--config`.
fn request(
    arguments: &RunArguments,
    laboratory: &Laboratory,
    interrupt: &Interrupt,
) -> Result<RunRequest<'static>, Failure> {
    let RunArguments { name, preset, seeds, backend, jobs, out, set, config, .. } = arguments;
    let request = RunRequest::new(laboratory.experiment(name)?).program(laboratory.program());
    let request = request.preset(*preset).out(out).fresh(arguments.fresh);
    let mut request = arguments.checkpoints.of(request).interrupt(interrupt.clone());
    if let Some(path) = config {
        request = request.overlay(Overlay::read(path)?);
    }
    for argument in set {
        request = request.overlay(Overlay::parse(argument).map_err(Failure::input)?);
    }
    request = seeds.iter().fold(request, |request, seeds| request.seeds(*seeds));
    request = backend.iter().fold(request, RunRequest::backend);
    Ok(jobs.iter().fold(request, |request, jobs| request.jobs((*jobs).into())))
}

/// Returns the full-screen view if it is wanted and possible, else progress bars.
fn spectator(arguments: &RunArguments, run: &Run<'_>, interrupt: &Interrupt) -> Arc<dyn Spectator> {
    let (trials, jobs) = (run.trials() as u64, run.jobs());
    if arguments.watch && !run.is_closed() {
        #[cfg(unix)]
        let reason = match Watch::open(&arguments.name, trials, jobs, interrupt) {
            Ok(watch) => return Arc::new(watch),
            Err(reason) => reason,
        };
        #[cfg(not(unix))]
        let reason = "it needs Unix";
        note(format!("no full-screen view: {reason}. Showing progress bars instead"));
    }
    Arc::new(Bars::new(trials, jobs, arguments.quiet || arguments.json || run.is_closed()))
}
