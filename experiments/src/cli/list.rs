//! `backdraft list`.

use serde_json::json;

use super::Failure;
use super::arguments::ListArguments;
use super::print::{say, say_json};
use crate::catalogue::EXPERIMENTS;
use crate::record::RunFolder;

pub(super) fn list(arguments: &ListArguments) -> Result<(), Failure> {
    if arguments.runs { list_runs(arguments) } else { list_experiments(arguments) }
}

fn list_experiments(arguments: &ListArguments) -> Result<(), Failure> {
    let abouts = EXPERIMENTS.iter().map(|experiment| experiment.about());
    if arguments.json {
        let list: Vec<_> =
            abouts.map(|about| json!({ "name": about.name, "title": about.title })).collect();
        return say_json(&list);
    }
    abouts.for_each(|about| say(format!("{:<26} {}", about.name, about.title)));
    Ok(())
}

fn list_runs(arguments: &ListArguments) -> Result<(), Failure> {
    let mut manifests = Vec::new();
    for folder in RunFolder::list(&arguments.out) {
        match folder.manifest() {
            Ok(manifest) => manifests.push((folder, manifest)),
            // One damaged record must not hide the others.
            Err(error) => super::print::print_error(&error.into()),
        }
    }
    if arguments.json {
        return say_json(&manifests.iter().map(|(_, manifest)| manifest).collect::<Vec<_>>());
    }
    for (folder, manifest) in &manifests {
        let status = manifest.status.in_words(folder.owner().is_some());
        let name = &manifest.experiment;
        say(format!("{}  {name:<26} {:<9} {status}", manifest.id, manifest.preset.to_string()));
    }
    Ok(())
}
