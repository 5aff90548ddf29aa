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
            Ok(manifest) => manifests.push(manifest),
            // One damaged record must not hide the others.
            Err(error) => super::print::print_error(&error.into()),
        }
    }
    if arguments.json {
        return say_json(&manifests);
    }
    for manifest in &manifests {
        let status = serde_json::to_value(manifest.status).map_err(Failure::run)?;
        let status = status.as_str().unwrap_or_default().to_owned();
        let name = &manifest.experiment;
        say(format!("{}  {name:<26} {:<9} {status}", manifest.id, manifest.preset.to_string()));
    }
    Ok(())
}
