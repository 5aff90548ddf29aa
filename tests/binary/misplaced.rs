//! Files and folders of a record that are gone, cut off, or something else: found before a record is
//! closed, told with a remedy, and never closed over.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::interruption::{run_folder, wait_for_checkpoint};
use crate::{backdraft, failed, refused, stdout};

/// A run of twelve trainings, one after another, that keep checkpoints.
const SHORT: &[&str] = &[
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
    "steps=150",
];

fn start(out: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
    command.args(SHORT).arg("--out").arg(out);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn go_on(out: &Path) -> Output {
    start(out).wait_with_output().unwrap()
}

/// Waits until a trial has ended; returns its file.
fn ended_trial(out: &Path) -> PathBuf {
    let start = Instant::now();
    loop {
        let files = fs::read_dir(run_folder(out).join("measurements")).unwrap().flatten();
        let has_ended = |path: &PathBuf| {
            let text = fs::read_to_string(path).unwrap_or_default();
            text.lines().last().is_some_and(|line| line.starts_with("{\"end\""))
        };
        if let Some(path) = files.map(|file| file.path()).find(has_ended) {
            return path;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "no trial ended in a minute");
        sleep(Duration::from_millis(2));
    }
}

/// A run may write the file again at any time, so that it takes more than one try.
fn replace_by_folder(path: &Path) {
    let folder = path.with_extension("folder");
    fs::create_dir(&folder).unwrap();
    while fs::rename(&folder, path).is_err() {
        drop(fs::remove_file(path));
    }
}

fn replace_by_file(path: &Path) {
    let file = path.with_extension("file");
    fs::write(&file, "a file").unwrap();
    while fs::rename(&file, path).is_err() {
        drop(fs::remove_dir_all(path));
    }
}

fn is_sealed(out: &Path) -> bool {
    run_folder(out).join("SHA256SUMS").exists()
}

#[test]
fn a_trial_that_cannot_be_read_back_leaves_the_record_open() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 4] = [
        ("it is a folder", replace_by_folder),
        ("is missing", |path| fs::remove_file(path).unwrap()),
        ("is not what was recorded", |path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("it is a link", |path| {
            fs::rename(path, path.with_extension("elsewhere")).unwrap();
            std::os::unix::fs::symlink(path.with_extension("elsewhere"), path).unwrap();
        }),
    ];
    for (reason, damage) in damages {
        let out = TempDir::new().unwrap();
        let child = start(out.path());
        wait_for_checkpoint(out.path());
        let trial = ended_trial(out.path());
        damage(&trial);
        let name = trial.file_name().unwrap().to_str().unwrap();
        failed(&child.wait_with_output().unwrap(), &[name, reason, "run the same command again"]);
        assert!(!is_sealed(out.path()), "{reason}");
        // The remedy is the one that was told.
        if trial.is_dir() {
            failed(&go_on(out.path()), &[name, reason]);
            fs::remove_dir(&trial).unwrap();
        } else if trial.is_symlink() {
            fs::remove_file(&trial).unwrap();
        }
        stdout(&go_on(out.path()));
        stdout(&backdraft(&["check", "--out", out.path().to_str().unwrap()]));
    }
}

#[test]
fn what_is_replaced_while_a_run_goes_on_ends_it_with_the_name_and_a_remedy() {
    type Replace = fn(&Path);
    let places: [(&str, Replace); 5] = [
        ("figures", replace_by_file),
        ("checkpoints", replace_by_file),
        ("run.json", replace_by_folder),
        ("report.html", replace_by_folder),
        ("SHA256SUMS", replace_by_folder),
    ];
    for (name, replace) in places {
        let out = TempDir::new().unwrap();
        let child = start(out.path());
        wait_for_checkpoint(out.path());
        let path = run_folder(out.path()).join(name);
        replace(&path);
        failed(&child.wait_with_output().unwrap(), &[name, "move away", "run the same command"]);
        assert!(!run_folder(out.path()).join("SHA256SUMS").is_file(), "{name}");
        // Before anything is computed, the next one says so too.
        refused(&go_on(out.path()), &[name, "move away"]);
        if path.is_dir() {
            fs::remove_dir(&path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        let again = go_on(out.path());
        stdout(&again);
        assert!(is_sealed(out.path()), "{name}: {}", String::from_utf8_lossy(&again.stderr));
    }
}

#[test]
fn what_is_in_the_way_is_refused_before_anything_is_computed() {
    let out = TempDir::new().unwrap();
    let quick = ["run", "born-dead-relu", "--quiet", "--seeds", "2", "--out"];
    let run = || -> Output { backdraft(&[&quick[..], &[out.path().to_str().unwrap()]].concat()) };
    let folder = PathBuf::from(stdout(&run()).trim());
    for name in ["run.json", "lock", "SHA256SUMS", "report.html", "measurements", "figures"] {
        let (path, moved) = (folder.join(name), folder.join("moved"));
        fs::rename(&path, &moved).unwrap();
        if moved.is_dir() {
            fs::write(&path, "").unwrap()
        } else {
            fs::create_dir(&path).unwrap()
        }
        refused(&run(), &[name, "move away what is in its place"]);
        if path.is_dir() {
            fs::remove_dir(&path).unwrap()
        } else {
            fs::remove_file(&path).unwrap()
        }
        fs::rename(&moved, &path).unwrap();
    }
    stdout(&run());
    stdout(&backdraft(&["check", "--out", out.path().to_str().unwrap()]));
}

#[test]
fn a_closed_record_that_was_changed_is_not_closed_over() {
    let out = TempDir::new().unwrap();
    let quick = ["run", "born-dead-relu", "--quiet", "--seeds", "2", "--out"];
    let run =
        |more: &[&str]| backdraft(&[&quick[..], &[out.path().to_str().unwrap()], more].concat());
    let folder = PathBuf::from(stdout(&run(&[])).trim());
    let trials = fs::read_dir(folder.join("measurements")).unwrap();
    let trial = trials.map(|trial| trial.unwrap().path()).min().unwrap();
    let text = fs::read_to_string(&trial).unwrap();
    fs::write(&trial, text.replacen("\"value\":", "\"value\":1", 1)).unwrap();
    let name = trial.file_name().unwrap().to_str().unwrap();
    failed(&run(&[]), &[name, "is not what was recorded", "--fresh"]);
    stdout(&run(&["--fresh"]));
    assert_eq!(fs::read_to_string(&trial).unwrap(), text);
    stdout(&backdraft(&["check", "--out", out.path().to_str().unwrap()]));
}
