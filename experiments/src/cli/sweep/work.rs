//! The runs of a sweep, one after another.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use backdraft_lab::{Conclusion, Interrupt, Planned, RunRequest, RunState, cores};
use backdraft_layers::with_threads;
use backdraft_text::duration;

use super::arguments::WorkArguments;
use super::described::Sweep;
use super::progress::conclude;
use super::supervise::{stop_with_standard_input, supervise};
use crate::cli::failure::Failure;
use crate::cli::print::{note, print_error};
use crate::cli::request::open;
use crate::laboratory::Laboratory;
use crate::progress::Bars;

/// Runs a sweep, or this process's share of it.
pub(super) fn work(arguments: &WorkArguments, laboratory: &Laboratory) -> Result<(), Failure> {
    let Some(path) = &arguments.spec else { return Err(Failure::Input(anyhow!("no description"))) };
    let mut sweep = Sweep::read(path, laboratory)?;
    sweep.runs = arguments.shard.of(sweep.runs);
    let interrupt = Interrupt::on_signals(|line| note(line)).map_err(Failure::run)?;
    let jobs = arguments.jobs.map_or_else(cores, usize::from).min(sweep.runs.len().max(1));
    let share = NonZero::new(cores() / jobs).unwrap_or(NonZero::<usize>::MIN);
    let threads = arguments.threads.map_or(share, NonZero::from);
    match arguments.worker {
        Some(place) => {
            let waits = stop_with_standard_input(&interrupt);
            waits.context("cannot start a thread").map_err(Failure::Run)?;
            sweep.runs = place.first(sweep.runs);
            work_through(&sweep, arguments, threads, &interrupt)?;
        }
        None if jobs == 1 => work_through(&sweep, arguments, threads, &interrupt)?,
        None => supervise(path, arguments, jobs, threads, &interrupt)?,
    }
    if arguments.worker.is_some() {
        return Ok(());
    }
    conclude(&sweep, &arguments.out, interrupt.is_requested())
}

/// Runs what is not finished, one run after another; waits for what others work on, and takes over
/// from those that die.
fn work_through(
    sweep: &Sweep,
    arguments: &WorkArguments,
    threads: NonZero<usize>,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let mut waiting: Vec<&Planned> = sweep.runs.iter().collect();
    let mut is_waiting = false;
    while !waiting.is_empty() {
        let mut held = Vec::new();
        for run in waiting {
            let request = request(sweep, run, arguments, threads, interrupt);
            match sweep.state(&arguments.out, run) {
                _ if interrupt.is_requested() => return Ok(()),
                RunState::Finished => {}
                RunState::Running(_) => held.push(run),
                // With a share of the cores, not all of them, as several processes work side by side.
                _ => match with_threads(threads, || finish(request)) {
                    Ok(Some(conclusion)) => tell(run, &conclusion, arguments.quiet),
                    Ok(None) => {}
                    Err(Failure::Locked(_)) => held.push(run),
                    Err(Failure::Interrupted(_)) => return Ok(()),
                    // One that fails must not keep the others from being run.
                    Err(Failure::Run(error) | Failure::Input(error)) => {
                        print_error(&error.context(run.label()));
                    }
                },
            }
        }
        waiting = held;
        if !waiting.is_empty() {
            if !is_waiting && !arguments.quiet && arguments.worker.is_none() {
                note(format!("waiting for {} runs that other processes work on", waiting.len()));
            }
            is_waiting = true;
            thread::sleep(Duration::from_millis(200));
        }
    }
    Ok(())
}

/// Runs what another process has not finished between the look at it and the lock.
fn finish(request: RunRequest<'_>) -> Result<Option<Conclusion>, Failure> {
    let run = open(request)?;
    if run.is_closed() {
        return Ok(None);
    }
    let bars = Bars::new(run.trials() as u64, run.jobs(), true);
    Ok(Some(run.execute(Arc::new(bars))?))
}

fn tell(run: &Planned, conclusion: &Conclusion, is_quiet: bool) {
    if !is_quiet {
        let failed = if conclusion.has_failures() { "some trials failed, " } else { "" };
        let time = duration(conclusion.manifest().seconds);
        note(format!("{}  {} ({failed}{time})", run.id, run.label()));
    }
}

fn request(
    sweep: &Sweep,
    run: &Planned,
    arguments: &WorkArguments,
    threads: NonZero<usize>,
    interrupt: &Interrupt,
) -> RunRequest<'static> {
    let request = sweep.request(run);
    let request = request.out(&arguments.out).jobs(threads.get()).interrupt(interrupt.clone());
    let request = arguments.checkpoints.of(request);
    sweep.spec.backend.iter().fold(request, RunRequest::backend)
}
