//! `backdraft run`.

use std::num::NonZero;
use std::thread;

use anyhow::anyhow;

use super::Failure;
use super::arguments::RunArguments;
use super::claim::{Execution, claim};
use super::opened::REPORT;
use super::print::{print_run, say, say_json, say_path};
use crate::catalogue::{EXPERIMENTS, experiment};
use crate::experiment::{Entry, Prepared};
use crate::interrupt::Interrupt;
use crate::nearest::unknown;
use crate::number::duration;
use crate::picture::Picture;
use crate::record::{Manifest, RunFolder, Status};
use crate::results::{Ending, Results};

pub(super) fn run(arguments: &RunArguments) -> Result<(), Failure> {
    let interrupt = Interrupt::on_signals().map_err(Failure::run)?;
    let Execution { manifest, folder, prepared, results } =
        claim(arguments)?.execute(&interrupt)?;
    report(arguments, &manifest, &folder, prepared.as_ref(), &results)
}

fn report(
    arguments: &RunArguments,
    manifest: &Manifest,
    folder: &RunFolder,
    prepared: &dyn Prepared,
    results: &Results,
) -> Result<(), Failure> {
    if arguments.json {
        say_json(manifest)?;
    } else if !arguments.quiet {
        let pictures: Vec<Picture> = prepared.pictures(results);
        print_run(manifest, &pictures, results);
        say(format!("\n{} trials in {}", manifest.trials, duration(manifest.seconds)));
        say(format!("report: {}", folder.path().join(REPORT).display()));
        say(format!("record: {}", folder.path().display()));
    } else {
        say_path(folder.path());
    }
    match manifest.status {
        Status::Failed => {
            let failed = results.trials().iter().filter_map(|trial| match &trial.ending {
                Ending::Failed { message } => Some(message.as_str()),
                _ => None,
            });
            let messages: Vec<&str> = failed.collect();
            Err(Failure::Run(anyhow!(
                "{} of {} trials failed, the first because {}; the same command tries them again",
                messages.len(),
                manifest.trials,
                messages.first().copied().unwrap_or_default()
            )))
        }
        Status::Running | Status::Interrupted | Status::Finished => Ok(()),
    }
}

/// Finds an experiment, or names the one most like it.
pub(super) fn find_experiment(name: &str) -> Result<&'static dyn Entry, Failure> {
    experiment(name).ok_or_else(|| {
        let names = EXPERIMENTS.iter().map(|experiment| experiment.about().name);
        let unknown = unknown("experiment", name, names);
        Failure::Input(anyhow!("{unknown} `backdraft list` shows all"))
    })
}

pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}
