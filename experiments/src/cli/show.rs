//! `backdraft show`.

use anyhow::anyhow;

use super::Failure;
use super::arguments::ShowArguments;
use super::print::{print_run, say, say_json};
use crate::catalogue::experiment;
use crate::record::{RecordError, RunFolder};

pub(super) fn show(arguments: &ShowArguments) -> Result<(), Failure> {
    let folder = RunFolder::find(&arguments.out, &arguments.run).map_err(Failure::input)?;
    let manifest = folder.manifest().map_err(Failure::input)?;
    if arguments.json {
        return say_json(&manifest);
    }
    let results = folder.results().map_err(Failure::input)?;
    let unknown =
        || Failure::Input(anyhow!("this program has no experiment `{}`", manifest.experiment));
    let entry = experiment(&manifest.experiment).ok_or_else(unknown)?;
    let prepared = entry.prepare(&manifest.settings).map_err(|error| {
        Failure::input(RecordError::Malformed {
            path: folder.path().join("run.json"),
            line: 1,
            reason: error.to_string(),
        })
    })?;
    print_run(&manifest, &prepared.pictures(&results), &results);
    let (done, all) = (results.trials().len(), manifest.trials);
    if done < all {
        say(format!("\n{done} of {all} trials done; go on with: {}", manifest.command));
    }
    say(format!("\nrepeat: {}\nrecord: {}", manifest.command, folder.path().display()));
    Ok(())
}
