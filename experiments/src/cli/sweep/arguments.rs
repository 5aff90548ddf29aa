//! The arguments that run a sweep.

use std::num::NonZero;
use std::path::PathBuf;

use backdraft_lab::{RUNS, Shard};
use clap::Args;

use crate::cli::request::CheckpointArguments;

/// How the runs of a sweep are executed.
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
    /// Run only a share: `2/5` is the second of five.
    #[arg(long, default_value_t = Shard::WHOLE, value_name = "I/N")]
    pub(super) shard: Shard,
    /// Folder for run records; several processes may share it.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) checkpoints: CheckpointArguments,
    /// Do not print a line for each run.
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Marks a process that a sweep started; it stops when its standard input closes.
    #[arg(long, hide = true, value_name = "I/N")]
    pub(super) worker: Option<Shard>,
}
