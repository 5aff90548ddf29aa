//! How the runs of a sweep are carried out.

use std::num::NonZero;
use std::path::PathBuf;

use clap::Args;

use crate::cli::request::CheckpointArguments;
use crate::run::RUNS;
use crate::sweep::Shard;

/// What `backdraft sweep` takes to run a sweep.
#[derive(Debug, Args)]
pub(super) struct WorkArguments {
    /// The description of the sweep.
    #[arg(required = true)]
    pub(super) spec: Option<PathBuf>,
    /// Runs side by side, each in a process of its own [default: number of cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    /// Cores that each run takes, for trials side by side [default: cores / jobs].
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<NonZero<u16>>,
    /// Only a share of the runs: `2/5` is the second of five.
    #[arg(long, default_value_t = Shard::WHOLE, value_name = "I/N")]
    pub(super) shard: Shard,
    /// Folder for run records; several processes may share it.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) checkpoints: CheckpointArguments,
    /// No line for each run.
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// This process is one of those that a sweep started, and stops when its standard input closes.
    #[arg(long, hide = true, value_name = "I/N")]
    pub(super) worker: Option<Shard>,
}
