//! `backdraft run`.

use anyhow::anyhow;

use super::Failure;
use super::arguments::RunArguments;
use super::print::{print_run, say, say_json, say_path};
use super::request::{open, request, spectator};
use crate::experiment::Entry;
use crate::interrupt::Interrupt;
use crate::number::duration;
use crate::record::REPORT;
use crate::run::{self, Conclusion};

pub(super) fn run(arguments: &RunArguments) -> Result<(), Failure> {
    let interrupt = Interrupt::on_signals().map_err(Failure::run)?;
    let run = open(request(arguments, &interrupt)?)?;
    let spectator = spectator(arguments, &run, &interrupt);
    report(arguments, &run.execute(spectator)?)
}

fn report(arguments: &RunArguments, run: &Conclusion) -> Result<(), Failure> {
    let (manifest, folder) = (run.manifest(), run.folder());
    if arguments.json {
        say_json(manifest)?;
    } else if !arguments.quiet {
        print_run(manifest, &run.pictures(), run.results());
        say(format!("\n{} trials in {}", manifest.trials, duration(manifest.seconds)));
        say(format!("report: {}", folder.path().join(REPORT).display()));
        say(format!("record: {}", folder.path().display()));
    } else {
        say_path(folder.path());
    }
    if run.has_failures() {
        let messages: Vec<&str> = run.failures().collect();
        return Err(Failure::Run(anyhow!(
            "{} of {} trials failed, the first because {}; the same command tries them again",
            messages.len(),
            manifest.trials,
            messages.first().copied().unwrap_or_default()
        )));
    }
    Ok(())
}

/// Finds an experiment, or names the one most like it.
pub(super) fn find_experiment(name: &str) -> Result<&'static dyn Entry, Failure> {
    run::find_experiment(name).map_err(Failure::from)
}
