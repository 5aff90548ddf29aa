//! The built program from outside: what a user types, sees, and finds on disk.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batches;
mod builds;
mod crash;
mod diagnose;
mod documents;
mod equal_runs;
mod escapes;
mod extremes;
mod full_disk;
mod growth;
mod interruption;
mod lost_device;
mod memory;
mod misplaced;
mod outputs;
mod records;
mod replay;
mod report;
mod runs;
mod serve;
mod signals;
mod single_example;
mod sweeps;
mod tables;
mod theory;
mod xray;
mod zoo;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn backdraft(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
    command.args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    let told = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    told
}

/// Every file below a folder, by its path from there.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(inner) = folders.pop() {
        for path in fs::read_dir(inner).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// The folders below `out` that hold a record or one that was put aside, in alphabetical order.
fn run_folders(out: &Path, experiment: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(out.join(experiment)).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

/// Asserts one clear line and exit code 1.
fn failed(output: &Output, expected: &[&str]) {
    one_line(output, 1, expected);
}

/// Asserts one clear line and exit code 2.
fn refused(output: &Output, expected: &[&str]) {
    one_line(output, 2, expected);
}

fn one_line(output: &Output, code: i32, expected: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert_eq!(error.trim_end().lines().count(), 1, "one line: {error}");
    for part in expected {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
}
