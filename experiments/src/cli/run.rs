//! `backdraft run`.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use super::Failure;
use super::arguments::RUNS;
use super::print::{print_run, say, say_json, say_path};
use super::request::{CheckpointArguments, open, request, spectator};
use crate::experiment::{Entry, Preset};
use crate::interrupt::Interrupt;
use crate::number::duration;
use crate::record::REPORT;
use crate::run::{self, Conclusion};

#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(super) struct RunArguments {
    /// Name of the experiment.
    pub(super) name: String,
    /// How much effort: quick takes at most two minutes on two cores.
    #[arg(long, default_value_t)]
    pub(super) preset: Preset,
    /// Number of seeds; more make the intervals narrower. Same as `--set seeds=N`.
    #[arg(long, value_name = "N")]
    pub(super) seeds: Option<u64>,
    /// Back end to compute on, of those that `backdraft backends` lists [default: $BACKDRAFT_BACKEND].
    #[arg(long, value_name = "NAME")]
    pub(super) backend: Option<String>,
    /// Trials that run side by side; results do not depend on it [default: number of cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    /// Folder for run records.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Change a setting; may be repeated. `backdraft describe NAME` lists them.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// TOML file with settings; `--set` has the last word.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Measure anew even if this very run is already recorded.
    #[arg(long)]
    pub(super) fresh: bool,
    #[command(flatten)]
    pub(super) checkpoints: CheckpointArguments,
    /// Watch in full screen, on a terminal of at least 100 × 24 characters: gradient by layer, loss,
    /// findings, workers. `q` goes back to progress bars, the run goes on.
    #[arg(long, short, conflicts_with_all = ["json", "quiet"])]
    pub(super) watch: bool,
    /// Print the run record as JSON instead of the report.
    #[arg(long)]
    pub(super) json: bool,
    /// No progress bars, no report: only the path of the record.
    #[arg(long, short)]
    pub(super) quiet: bool,
}

const RUN_EXAMPLES: &str = "\
A run that was cut off goes on where it stopped; a finished one is not measured again. Ctrl-C stops
after the current step and keeps a checkpoint; pressed again, at once.

Examples:
  backdraft run sigmoid-vs-relu
  backdraft run sigmoid-vs-relu --set 'depths=[3, 30]' --set flow_depth=30
  backdraft run sigmoid-vs-relu --set data=teacher --seeds 10 --jobs 1
  backdraft run sigmoid-vs-relu --json | jq '.verdicts[] | [.claim, .ruling]'";

pub(super) fn run(arguments: &RunArguments) -> Result<(), Failure> {
    let interrupt = Interrupt::on_signals().map_err(Failure::run)?;
    let run = open(request(arguments, &interrupt)?)?;
    let spectator = spectator(arguments, &run, &interrupt);
    report(arguments, &run.execute(spectator)?)
}

fn report(arguments: &RunArguments, run: &Conclusion) -> Result<(), Failure> {
    let (manifest, folder) = (run.manifest(), run.folder());
    if arguments.json {
        say_json(manifest)?;
    } else if !arguments.quiet {
        print_run(manifest, &run.pictures(), run.results());
        say(format!("\n{} trials in {}", manifest.trials, duration(manifest.seconds)));
        say(format!("report: {}", folder.path().join(REPORT).display()));
        say(format!("record: {}", folder.path().display()));
    } else {
        say_path(folder.path());
    }
    if run.has_failures() {
        let messages: Vec<&str> = run.failures().collect();
        return Err(Failure::Run(anyhow!(
            "{} of {} trials failed, the first because {}; the same command tries them again",
            messages.len(),
            manifest.trials,
            messages.first().copied().unwrap_or_default()
        )));
    }
    Ok(())
}

/// Finds an experiment, or names the one most like it.
pub(super) fn find_experiment(name: &str) -> Result<&'static dyn Entry, Failure> {
    run::find_experiment(name).map_err(Failure::from)
}
