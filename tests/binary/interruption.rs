//! Runs that are stopped, by signals of every kind, and go on.

#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{backdraft, stdout};

/// A run whose trainings last long enough to be caught at work.
pub(crate) const LONG: &[&str] = &[
    "run",
    "sigmoid-vs-relu",
    "--quiet",
    "--jobs",
    "1",
    "--seeds",
    "2",
    "--checkpoint-every",
    "7",
    "--set",
    "depths=[3]",
    "--set",
    "flow_depth=3",
    "--set",
    "steps=600",
];

pub(crate) fn start(out: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
    command.args(LONG).arg("--out").arg(out);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn go_on(out: &Path) -> Output {
    backdraft(&[LONG, &["--out", out.to_str().unwrap()]].concat())
}

/// The folder of the only run in `out`, once it is there.
pub(crate) fn run_folder(out: &Path) -> std::path::PathBuf {
    let id = fs::read_dir(out.join("sigmoid-vs-relu")).unwrap().next().unwrap().unwrap();
    id.path()
}

/// Waits until a training has kept a checkpoint.
pub(crate) fn wait_for_checkpoint(out: &Path) {
    let start = Instant::now();
    let is_there = || {
        let experiment = fs::read_dir(out.join("sigmoid-vs-relu")).ok()?.next()?.ok()?.path();
        let trial = fs::read_dir(experiment.join("checkpoints")).ok()?.next()?.ok()?.path();
        fs::read_dir(trial)
            .ok()?
            .flatten()
            .find(|file| file.path().extension().is_some_and(|kind| kind == "checkpoint"))
    };
    while is_there().is_none() {
        assert!(start.elapsed() < Duration::from_secs(60), "no checkpoint in a minute");
        sleep(Duration::from_millis(2));
    }
}

fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
}

fn measurements(out: &Path) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let files = fs::read_dir(run_folder(out).join("measurements")).unwrap().flatten();
    let mut files: Vec<_> =
        files.map(|file| (file.file_name(), fs::read(file.path()).unwrap())).collect();
    files.sort();
    files
}

fn undisturbed() -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let out = TempDir::new().unwrap();
    stdout(&go_on(out.path()));
    measurements(out.path())
}

fn status(out: &Path) -> String {
    let manifest = fs::read_to_string(run_folder(out).join("run.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    manifest["status"].as_str().unwrap().to_owned()
}

#[test]
fn one_signal_keeps_a_checkpoint_and_says_how_to_go_on() {
    let whole = undisturbed();
    for name in ["INT", "TERM"] {
        let out = TempDir::new().unwrap();
        let child = start(out.path());
        wait_for_checkpoint(out.path());
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{name}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let expected = format!("--out '{}'", out.path().display());
        for part in
            ["interrupted with", "of 12 trials done", "go on with: backdraft run", &expected]
        {
            assert!(told.contains(part), "`{part}` is missing in: {told}");
        }
        assert_eq!(status(out.path()), "interrupted");
        let output = go_on(out.path());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(told, "", "an orderly stop leaves nothing to warn of");
        stdout(&output);
        assert_eq!(measurements(out.path()), whole, "{name}");
        assert_eq!(status(out.path()), "finished");
    }
}

#[test]
fn two_signals_end_it_at_once_and_nothing_is_lost() {
    let whole = undisturbed();
    let out = TempDir::new().unwrap();
    let mut child = start(out.path());
    wait_for_checkpoint(out.path());
    signal(&child, "INT");
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    stdout(&go_on(out.path()));
    assert_eq!(measurements(out.path()), whole);
}

#[test]
fn a_kill_costs_the_steps_since_the_last_checkpoint() {
    let whole = undisturbed();
    let out = TempDir::new().unwrap();
    for _ in 0..3 {
        let mut child = start(out.path());
        wait_for_checkpoint(out.path());
        sleep(Duration::from_millis(20));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // A checkpoint that did not become whole is told of, and the one before it is taken.
    let trials = fs::read_dir(run_folder(out.path()).join("checkpoints")).unwrap().flatten();
    let checkpoints = trials.flat_map(|trial| fs::read_dir(trial.path()).unwrap().flatten());
    let latest = checkpoints
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "checkpoint"))
        .max()
        .unwrap();
    let bytes = fs::read(&latest).unwrap();
    fs::write(&latest, &bytes[..bytes.len() / 2]).unwrap();
    let output = go_on(out.path());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    for part in ["was left by process", "is passed over", "damaged"] {
        assert!(told.contains(part), "`{part}` is missing in: {told}");
    }
    stdout(&output);
    assert_eq!(measurements(out.path()), whole);
    let left = fs::read_dir(run_folder(out.path()).join("checkpoints")).unwrap().flatten();
    let left = left.flat_map(|trial| fs::read_dir(trial.path()).unwrap().flatten());
    assert!(left.into_iter().all(|file| file.file_name() == "best.bpk"));
}

#[test]
fn a_run_that_another_process_works_on_is_left_alone() {
    let out = TempDir::new().unwrap();
    let mut child = start(out.path());
    wait_for_checkpoint(out.path());
    let second = go_on(out.path());
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{told}");
    assert!(told.contains(&format!("is held by process {}", child.id())), "{told}");
    assert_eq!(told.trim_end().lines().count(), 1, "{told}");
    child.kill().unwrap();
    child.wait().unwrap();
}
