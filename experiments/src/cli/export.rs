//! `backdraft export`.

use std::path::PathBuf;

use backdraft_lab::RUNS;
use backdraft_record::RunFolder;
use backdraft_views::export::{ExportError, Format, export as write};
use clap::Args;

use super::by_name::by_name;
use super::failure::Failure;
use super::file::not_written;
use super::print::say_path;

/// The arguments of `backdraft export`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ExportArguments {
    /// The run: a path, an id or the start of one, or `latest`.
    run: String,
    /// The format.
    #[arg(long, value_parser = by_name::<Format>())]
    format: Format,
    /// The file to write; for TensorBoard, a folder.
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// Folder that holds the runs.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    runs: PathBuf,
}

const EXAMPLES: &str = "\
docs/measurements.md describes the columns.

Examples:
  backdraft export latest --format csv --out measurements.csv
  backdraft export latest --format parquet --out measurements.parquet
  backdraft export latest --format tensorboard --out events && tensorboard --logdir events";

pub(super) fn export(arguments: &ExportArguments) -> Result<(), Failure> {
    let folder = RunFolder::find(&arguments.runs, &arguments.run).map_err(Failure::input)?;
    let manifest = folder.manifest().map_err(Failure::input)?;
    let results = folder.results().map_err(Failure::input)?;
    write(&manifest, &results, arguments.format, &arguments.out).map_err(|error| match error {
        ExportError::Io { path, source } => not_written(&path, &source),
        other => Failure::input(other),
    })?;
    say_path(&arguments.out);
    Ok(())
}
