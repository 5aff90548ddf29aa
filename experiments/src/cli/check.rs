//! `backdraft check`.

use std::path::PathBuf;

use anyhow::anyhow;
use backdraft_lab::Checkpoints;
use backdraft_lab::RUNS;
use backdraft_record::{Comparison, Ending, RunFolder, Status};
use backdraft_text::in_one_line;
use clap::Args;

use super::failure::Failure;
use super::print::say;

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// The runs: paths, ids or the start of one, or `latest` [default: all in the folder].
    runs: Vec<String>,
    /// Folder that holds the runs.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn check(arguments: &CheckArguments) -> Result<(), Failure> {
    let folders = match arguments.runs.as_slice() {
        [] => RunFolder::list(&arguments.out),
        names => {
            let find = |name: &String| RunFolder::find(&arguments.out, name);
            names.iter().map(find).collect::<Result<_, _>>().map_err(Failure::input)?
        }
    };
    if folders.is_empty() {
        return Err(Failure::Input(anyhow!("there are no runs in `{}`", arguments.out.display())));
    }
    let mut damaged = 0;
    for folder in &folders {
        let path = folder.path().display();
        match faults(folder) {
            Ok((state, faults)) if faults.is_empty() => say(format!("{path}: {state}")),
            Ok((_, faults)) => {
                damaged += 1;
                faults.iter().for_each(|fault| say(located(folder, fault)));
            }
            Err(error) => {
                damaged += 1;
                say(located(folder, &in_one_line(&error)));
            }
        }
    }
    match damaged {
        0 => Ok(()),
        _ => Err(Failure::Run(anyhow!(
            "{damaged} of {} records are damaged; `backdraft run … --fresh` measures a run anew",
            folders.len()
        ))),
    }
}

/// Says where a fault is, unless it says so itself.
fn located(folder: &RunFolder, fault: &str) -> String {
    let path = folder.path().display().to_string();
    if fault.contains(&path) { fault.to_owned() } else { format!("{path}: {fault}") }
}

/// Returns the state of a record, and what is wrong with it.
fn faults(folder: &RunFolder) -> anyhow::Result<(String, Vec<String>)> {
    let manifest = folder.manifest()?;
    let mut faults = Vec::new();
    if manifest.id != folder.id() {
        faults.push(format!("run.json belongs to the run `{}`", manifest.id));
    }
    // This reads every line of every trial.
    let results = folder.results()?;
    let ended = results.trials().len();
    let (whole, unusable) = Checkpoints::check_all(folder)?;
    faults.extend(unusable.iter().map(ToString::to_string));
    let failed = |ending: &Ending| matches!(ending, Ending::Failed { .. });
    let failed = results.trials().iter().filter(|trial| failed(&trial.ending)).count();
    let is_closed = manifest.status == Status::Finished;
    let state = match folder.compare_sums()? {
        Some(Comparison { recorded, damages }) => {
            faults.extend(damages.iter().map(|(name, damage)| format!("`{name}` {damage}")));
            format!("{recorded} files agree with SHA256SUMS")
        }
        None if is_closed => {
            let remedy = "the same `run` command closes it without measuring anything twice";
            faults.push(format!("the process ended while it closed the record: {remedy}"));
            String::new()
        }
        None if manifest.status == Status::Failed => {
            format!("{failed} of {ended} trials failed: the same `run` command tries them again")
        }
        None => {
            let trials = manifest.trials;
            format!(
                "unfinished: {ended} of {trials} trials have ended, {whole} checkpoints are intact"
            )
        }
    };
    if is_closed && ended != manifest.trials {
        faults.push(format!("only {ended} of {} trials are recorded", manifest.trials));
    }
    if manifest.status == Status::Finished && failed > 0 {
        faults.push(format!("{failed} trials failed, which run.json does not say"));
    }
    Ok((state, faults))
}
