//! `backdraft report`.

use std::path::PathBuf;

use backdraft_lab::RUNS;
use backdraft_record::REPORT;
use clap::Args;

use super::failure::Failure;
use super::opened::Opened;
use super::print::say_path;
use crate::laboratory::Laboratory;

/// The arguments of `backdraft report`.
#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    /// The runs: each a path, an id or the start of one, or `latest`.
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<String>,
    /// Folder that holds the runs.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn report(arguments: &ReportArguments, laboratory: &Laboratory) -> Result<(), Failure> {
    for name in &arguments.runs {
        let run = Opened::find(laboratory, &arguments.out, name)?;
        run.write_report()?;
        say_path(&run.folder.path().join(REPORT));
    }
    Ok(())
}
