//! `backdraft sweep`.

mod arguments;
mod collect;
mod described;
mod progress;
mod supervise;
mod work;

use std::path::PathBuf;

use backdraft_lab::RUNS;
use clap::{Args, Subcommand};

use super::failure::Failure;
use crate::laboratory::Laboratory;
use arguments::WorkArguments;
use described::Sweep;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = SWEEP_EXAMPLES)]
pub(super) struct SweepArguments {
    #[command(subcommand)]
    command: Option<SweepCommand>,
    #[command(flatten)]
    work: WorkArguments,
}

const SWEEP_EXAMPLES: &str = "\
A description names the experiment and what is varied:

  experiment = \"sigmoid-vs-relu\"
  seeds = 5
  [set]
  depths = [3]
  flow_depth = 3
  [grid]
  adam_rate = [0.001, 0.003, 0.01]
  sgd_rate = [0.1, 1.0]

Also `[[list]]` with the settings of one run each, and `[random]` with `samples`, `seed` and
`[random.draw]` such as `adam_rate = { log_uniform = [1e-4, 1e-1] }`. Finished runs are not run again.

Examples:
  backdraft sweep rates.toml
  backdraft sweep rates.toml --jobs 8 --shard 2/10      one of ten machines
  backdraft sweep status rates.toml
  backdraft sweep collect runs /mnt/other/runs --csv rates.csv";

#[derive(Debug, Subcommand)]
enum SweepCommand {
    /// Show the state of each run of a sweep.
    Status {
        /// The description of the sweep.
        spec: PathBuf,
        /// Folder for run records.
        #[arg(long, default_value = RUNS, value_name = "DIR")]
        out: PathBuf,
    },
    /// Merge runs from anywhere into one table.
    Collect {
        /// Folders of run records, or runs.
        #[arg(default_value = RUNS)]
        folders: Vec<PathBuf>,
        /// Write one line per trial to a .csv file.
        #[arg(long, value_name = "FILE")]
        csv: Option<PathBuf>,
    },
}

pub(super) fn sweep(arguments: &SweepArguments, laboratory: &Laboratory) -> Result<(), Failure> {
    match &arguments.command {
        Some(SweepCommand::Status { spec, out }) => {
            progress::status(&Sweep::read(spec, laboratory)?, out)
        }
        Some(SweepCommand::Collect { folders, csv }) => collect::table(folders, csv.as_deref()),
        None => work::work(&arguments.work, laboratory),
    }
}
