//! `backdraft show`.

use std::path::PathBuf;

use backdraft_lab::RUNS;
use backdraft_record::RunFolder;
use clap::Args;

use super::failure::Failure;
use super::opened::Opened;
use super::print::{Detail, more, print_run, say, say_json};
use crate::laboratory::Laboratory;

#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// The run: a path, an id or the start of one, `latest`, or an experiment for its latest run.
    run: String,
    /// Folder that holds the runs.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    out: PathBuf,
    /// Print the rule and the evidence of each verdict, too.
    #[arg(long, conflicts_with = "json")]
    verbose: bool,
    /// Print the run record as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn show(arguments: &ShowArguments, laboratory: &Laboratory) -> Result<(), Failure> {
    if arguments.json {
        let folder = RunFolder::find(&arguments.out, &arguments.run).map_err(Failure::input)?;
        return say_json(&folder.manifest().map_err(Failure::input)?);
    }
    let run = Opened::find(laboratory, &arguments.out, &arguments.run)?;
    let Opened { manifest, results, folder, .. } = &run;
    let detail = Detail::of(arguments.verbose);
    print_run(manifest, &run.pictures(), results, detail);
    let (done, all) = (results.trials().len(), manifest.trials);
    let command = run.command();
    if done < all {
        say(format!("\n{done} of {all} trials done; go on with: {command}"));
    }
    if detail == Detail::Brief && !manifest.verdicts.is_empty() {
        say(format!("\n{}", more(folder)));
    }
    say(format!("\nrepeat: {command}\nrecord: {}", folder.path().display()));
    Ok(())
}
