//! `backdraft list`.

use std::path::PathBuf;

use anyhow::anyhow;
use backdraft_lab::RUNS;
use backdraft_record::{Manifest, RunFolder};
use clap::Args;
use serde_json::json;

use super::failure::Failure;
use super::print::{note, say, say_json, say_wrapped, told};
use crate::laboratory::Laboratory;

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// List the runs in the output folder instead.
    #[arg(long)]
    runs: bool,
    /// Folder that holds the runs.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn list(arguments: &ListArguments, laboratory: &Laboratory) -> Result<(), Failure> {
    if arguments.runs { list_runs(arguments) } else { list_experiments(arguments, laboratory) }
}

fn list_experiments(arguments: &ListArguments, laboratory: &Laboratory) -> Result<(), Failure> {
    let groups = laboratory.groups();
    if arguments.json {
        let list: Vec<_> = groups
            .iter()
            .flat_map(|(group, entries)| entries.iter().map(move |entry| (group, entry.about())))
            .map(|(group, about)| json!({ "name": about.name, "title": about.title, "group": group }))
            .collect();
        return say_json(&list);
    }
    for (index, (group, entries)) in groups.iter().enumerate() {
        let space = if index == 0 { "" } else { "\n" };
        say(format!("{space}{group}"));
        for about in entries.iter().map(|entry| entry.about()) {
            say_wrapped(&format!("  {:<26} ", about.name), about.title);
        }
    }
    Ok(())
}

fn list_runs(arguments: &ListArguments) -> Result<(), Failure> {
    let mut manifests = Vec::new();
    let mut unreadable = 0;
    let folders = RunFolder::list(&arguments.out);
    if folders.is_empty() {
        note(format!("there are no runs in `{}`", arguments.out.display()));
    }
    for folder in folders {
        match folder.manifest() {
            Ok(manifest) => manifests.push((folder, manifest)),
            // A damaged record must not hide the others.
            Err(error) => {
                unreadable += 1;
                note(told(&error.into()));
            }
        }
    }
    if arguments.json {
        say_json(&manifests.iter().map(|(_, manifest)| manifest).collect::<Vec<_>>())?;
    } else {
        manifests.iter().for_each(|(folder, manifest)| say_run(folder, manifest));
    }
    if unreadable == 0 {
        return Ok(());
    }
    let all = unreadable + manifests.len();
    Err(Failure::Run(anyhow!("{unreadable} of {all} records cannot be read")))
}

fn say_run(folder: &RunFolder, manifest: &Manifest) {
    let status = manifest.status.in_words(folder.owner().is_some());
    let (name, preset) = (&manifest.experiment, manifest.preset.to_string());
    say(format!("{}  {name:<26} {preset:<9} {status}", manifest.id));
}
