//! Two builds of the program on one folder: what either of them measured is never lost and never mixed.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::interruption::{LONG, start, wait_for_checkpoint};
use crate::{files, run_folders, stdout};

/// Copies the program and appends some bytes: it does the same and is another build.
pub(crate) fn other_build(folder: &Path) -> PathBuf {
    let path = folder.join("backdraft");
    let mut program = fs::read(env!("CARGO_BIN_EXE_backdraft")).unwrap();
    program.extend(b"another build");
    fs::write(&path, program).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&path, executable).unwrap();
    path
}

fn own_build() -> PathBuf {
    env!("CARGO_BIN_EXE_backdraft").into()
}

fn run(program: &Path, arguments: &[&str], out: &Path) -> Output {
    Command::new(program).args(arguments).arg("--out").arg(out).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn build_of(folder: &Path) -> String {
    let manifest = fs::read(folder.join("run.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    manifest["versions"]["build"].as_str().unwrap().to_owned()
}

const QUICK: &[&str] = &["run", "born-dead-relu", "--quiet", "--seeds", "2"];

#[test]
fn a_finished_record_is_used_by_every_build_and_no_byte_of_it_changes() {
    let (out, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let other = other_build(elsewhere.path());
    stdout(&run(&own_build(), QUICK, out.path()));
    let recorded = files(out.path());
    let build = build_of(&run_folders(out.path(), "born-dead-relu")[0]);
    for _ in 0..2 {
        let again = run(&own_build(), QUICK, out.path());
        stdout(&again);
        assert_eq!(told(&again), "", "one's own record needs no word");
        let output = run(&other, QUICK, out.path());
        stdout(&output);
        let told = told(&output);
        assert_eq!(told.trim_end().lines().count(), 1, "{told}");
        for part in [build.as_str(), "another build", "UTC", "used as it is", "--fresh"] {
            assert!(told.contains(part), "`{part}` is missing in: {told}");
        }
        assert_eq!(files(out.path()), recorded);
    }
    let json = |program| stdout(&run(program, &[QUICK, &["--json"]].concat(), out.path()));
    assert_eq!(json(&own_build()), json(&other), "verdicts and duration are those of the record");

    stdout(&run(&other, &[QUICK, &["--fresh"]].concat(), out.path()));
    let folders = run_folders(out.path(), "born-dead-relu");
    assert_eq!(folders.len(), 1, "what `--fresh` replaces is gone once the new record is closed");
    assert_ne!(build_of(&folders[0]), build);
    let sealed = run(&own_build(), QUICK, out.path());
    assert!(told(&sealed).contains("another build"));
}

#[test]
fn verify_uses_the_records_of_another_build_unless_told_to_measure_anew() {
    let (out, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let other = other_build(elsewhere.path());
    let verify = ["verify", "pre-norm-vs-post-norm", "--json"];
    stdout(&run(&own_build(), &verify, out.path()));
    let measured = stdout(&run(&own_build(), &verify, out.path()));
    let recorded = files(out.path());
    let output = run(&other, &verify, out.path());
    assert_eq!(stdout(&output), measured);
    assert!(told(&output).contains("another build"), "{}", told(&output));
    assert_eq!(files(out.path()), recorded);
    let fresh = stdout(&run(&other, &[&verify[..], &["--fresh"]].concat(), out.path()));
    assert_ne!(fresh, measured, "another build and another duration");
}

#[test]
fn an_unfinished_record_of_another_build_is_put_aside_whole() {
    let [out, whole, elsewhere] = [(), (), ()].map(|()| TempDir::new().unwrap());
    let other = other_build(elsewhere.path());
    stdout(&run(&own_build(), LONG, whole.path()));
    // Killed by turns: each build puts aside what the other has left.
    let mut left = Vec::new();
    for is_other in [false, true] {
        let mut child = if is_other {
            let mut command = Command::new(&other);
            command.args(LONG).arg("--out").arg(out.path());
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        } else {
            start(out.path())
        };
        wait_for_checkpoint_of(out.path(), is_other);
        child.kill().unwrap();
        child.wait().unwrap();
        left.push(files(&run_folders(out.path(), "sigmoid-vs-relu")[0]));
    }
    let output = run(&own_build(), LONG, out.path());
    stdout(&output);
    let told = told(&output);
    assert!(told.contains("another build") && told.contains(".aside-2"), "{told}");
    let folders = run_folders(out.path(), "sigmoid-vs-relu");
    assert_eq!(folders.len(), 3);
    for (aside, left) in folders[1..].iter().zip(&left) {
        let mut kept = files(aside);
        let mut left = left.clone();
        // The lock names its owner while it is held, and files that were not complete are cleared away.
        for files in [&mut kept, &mut left] {
            files.retain(|name, _| name != "lock" && !name.contains(".unfinished-"));
        }
        assert_eq!(kept, left, "{}", aside.display());
    }
    let measured = |folder: &Path| files(&folder.join("measurements"));
    let reference = &run_folders(whole.path(), "sigmoid-vs-relu")[0];
    assert_eq!(measured(&folders[0]), measured(reference));

    let out = out.path().to_str().unwrap();
    let count = |arguments: &[&str]| stdout(&crate::backdraft(arguments)).lines().count();
    assert_eq!(count(&["list", "--runs", "--out", out]), 1);
    assert_eq!(count(&["check", "--out", out]), 1);
    // A person reads them by their path.
    let aside = folders[1].to_str().unwrap();
    assert!(stdout(&crate::backdraft(&["show", aside])).contains("trials done"));
    assert!(stdout(&crate::backdraft(&["check", aside])).contains("unfinished"));
}

/// Waits until the build whose turn it is has kept a checkpoint in the run's folder.
fn wait_for_checkpoint_of(out: &Path, is_other: bool) {
    if is_other {
        let experiment = out.join("sigmoid-vs-relu");
        while fs::read_dir(&experiment).unwrap().count() < 2 {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }
    let only = TempDir::new().unwrap();
    let link = only.path().join("sigmoid-vs-relu");
    while !out.join("sigmoid-vs-relu").is_dir() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    fs::create_dir(&link).unwrap();
    let id = loop {
        if let Some(id) = run_folders(out, "sigmoid-vs-relu").first() {
            break id.clone();
        }
    };
    std::os::unix::fs::symlink(&id, link.join("run")).unwrap();
    wait_for_checkpoint(only.path());
}

#[test]
fn two_builds_that_share_a_sweep_both_end_and_measure_each_run_once() {
    let folder = TempDir::new().unwrap();
    let (out, spec) = (folder.path().join("runs"), folder.path().join("sweep.toml"));
    let text = "experiment = \"sigmoid-vs-relu\"\nseeds = 2\n[set]\ndepths = [3]\nflow_depth = 3\n\
                [grid]\nsteps = [20, 40, 60, 80]\n";
    fs::write(&spec, text).unwrap();
    let sweep = ["sweep", spec.to_str().unwrap(), "--jobs", "1"];
    let programs = [own_build(), other_build(folder.path())];
    let start = |program: &PathBuf| {
        let mut command = Command::new(program);
        command.args(sweep).arg("--out").arg(&out);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = programs.iter().map(start).collect();
    let mut lines = String::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(stdout(&output).contains("4 of 4 runs are finished"));
        lines += &told(&output);
    }
    for id in run_folders(&out, "sigmoid-vs-relu") {
        let id = id.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(!id.contains("aside"), "nothing was measured twice: {id}");
        // The id also stands in the notice of a program that waited for the other build's run and used it.
        let measured = lines.lines().filter(|line| line.starts_with(&id)).count();
        assert_eq!(measured, 1, "{id} was run once: {lines}");
    }
    let recorded = files(&out);
    for program in &programs {
        let again = run(program, &sweep, &out);
        assert!(stdout(&again).contains("4 of 4 runs are finished"));
    }
    assert_eq!(files(&out), recorded);
}
