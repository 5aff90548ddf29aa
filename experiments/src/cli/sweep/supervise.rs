//! The processes of a sweep.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use backdraft_lab::Interrupt;

use super::arguments::WorkArguments;
use crate::cli::failure::Failure;
use crate::cli::print::note;
use crate::cli::request::CheckpointArguments;

/// Starts processes that share the runs, and waits for them.
pub(super) fn supervise(
    path: &Path,
    arguments: &WorkArguments,
    jobs: usize,
    threads: NonZero<usize>,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    // They end by themselves, and at once with this process if it is told twice.
    let _at_stake = interrupt.at_stake();
    let mut workers = Vec::new();
    for index in 1..=jobs {
        let worker = worker(path, arguments, &format!("{index}/{jobs}"), threads);
        workers.push(worker.context("cannot start a process").map_err(Failure::Run)?);
    }
    let mut is_told = false;
    while !workers.is_empty() {
        let tells = interrupt.is_requested() && !is_told;
        is_told |= tells;
        let mut running = Vec::new();
        for mut child in workers {
            if tells {
                // One that has ended needs no word.
                let _ = child.stdin.as_mut().map(|stdin| stdin.write_all(&[0]));
            }
            match child.try_wait().map_err(Failure::run)? {
                None => running.push(child),
                Some(status) if status.success() || interrupt.is_requested() => {}
                // Its runs are gone on with by the others.
                Some(status) => note(format!("a process of the sweep ended with {status}")),
            }
        }
        workers = running;
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn worker(
    path: &Path,
    arguments: &WorkArguments,
    place: &str,
    threads: NonZero<usize>,
) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["sweep", "--jobs", "1", "--worker", place]).arg(path);
    command.args(["--threads", &threads.to_string(), "--shard", &arguments.shard.to_string()]);
    command.arg("--out").arg(&arguments.out);
    let CheckpointArguments { checkpoint_every, keep_checkpoints } = arguments.checkpoints;
    command.args(["--checkpoint-every", &checkpoint_every.to_string()]);
    command.args(["--keep-checkpoints", &keep_checkpoints.to_string()]);
    if arguments.quiet {
        command.arg("--quiet");
    }
    command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()
}

/// Lets the process end in order when the one that started it says a word or goes, and at once when it
/// goes after that.
pub(super) fn stop_with_standard_input(interrupt: &Interrupt) -> std::io::Result<()> {
    let interrupt = interrupt.clone();
    let wait = move || {
        let mut word = [0];
        while std::io::stdin().read(&mut word).is_ok_and(|read| read > 0) {
            interrupt.request();
        }
        if interrupt.is_requested() {
            interrupt.end_at_once();
        }
        interrupt.request();
    };
    thread::Builder::new().spawn(wait).map(drop)
}
