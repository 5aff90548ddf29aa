//! How a sweep stands.

use std::path::Path;

use anyhow::anyhow;
use backdraft_lab::{Planned, RunState, is_of_another_build};

use super::described::Sweep;
use crate::cli::failure::Failure;
use crate::cli::print::{note, say};

/// Prints one line for each run.
pub(super) fn status(sweep: &Sweep, out: &Path) -> Result<(), Failure> {
    for run in &sweep.runs {
        let state = match sweep.state(out, run) {
            RunState::Missing => "missing".to_owned(),
            RunState::Running(owner) => format!("running: {owner}"),
            RunState::CutOff => "cut off".to_owned(),
            RunState::Interrupted => "interrupted".to_owned(),
            RunState::Failed => "failed".to_owned(),
            RunState::Finished => "finished".to_owned(),
            RunState::Foreign => "begun by another build".to_owned(),
        };
        say(format!("{}  {state:<12} {}", run.id, run.label()));
    }
    let finished = |run: &&Planned| sweep.state(out, run) == RunState::Finished;
    let finished = sweep.runs.iter().filter(finished).count();
    say(format!("{finished} of {} runs are finished", sweep.runs.len()));
    Ok(())
}

/// Says how the sweep stands at the end.
pub(super) fn conclude(sweep: &Sweep, out: &Path, is_interrupted: bool) -> Result<(), Failure> {
    let states: Vec<RunState> = sweep.runs.iter().map(|run| sweep.state(out, run)).collect();
    let count = |wanted: RunState| states.iter().filter(|state| **state == wanted).count();
    let (all, finished, failed) =
        (states.len(), count(RunState::Finished), count(RunState::Failed));
    tell_of_other_builds(sweep, out);
    let summary = format!("{finished} of {all} runs are finished");
    if finished == all {
        say(summary);
        return Ok(());
    }
    let message = anyhow!("{summary}, {failed} failed; the same command goes on");
    Err(if is_interrupted { Failure::Interrupted(message) } else { Failure::Run(message) })
}

fn tell_of_other_builds(sweep: &Sweep, out: &Path) {
    let is_foreign = |run: &&Planned| is_of_another_build(out, &sweep.spec.experiment, &run.id);
    let foreign = sweep.runs.iter().filter(is_foreign).count();
    if foreign > 0 {
        note(format!(
            "{foreign} of the finished runs were measured by another build and are used as they are; to \
             measure one anew, add `--fresh` to its command, which `backdraft show` prints"
        ));
    }
}
