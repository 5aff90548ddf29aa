//! Reports, seen from outside.

use std::fs;

use tempfile::TempDir;

use crate::{backdraft, refused, stdout};

/// Runs the quickest experiment; returns the run's folder.
fn run(out: &TempDir) -> String {
    let out = out.path().to_str().unwrap();
    let arguments = ["run", "born-dead-relu", "--out", out, "--quiet", "--set", "seeds=40"];
    stdout(&backdraft(&arguments)).trim().to_owned()
}

#[test]
fn a_run_leaves_a_report_and_report_writes_it_again() {
    let out = TempDir::new().unwrap();
    let folder = run(&out);
    let path = format!("{folder}/report.html");
    let first = fs::read_to_string(&path).unwrap();
    assert!(first.starts_with("<!DOCTYPE html>") && first.contains("Verdicts"));
    fs::remove_file(&path).unwrap();
    let out = out.path().to_str().unwrap();
    let printed = stdout(&backdraft(&["report", "latest", &folder, "--out", out]));
    assert_eq!(printed.lines().collect::<Vec<_>>(), [path.as_str(), path.as_str()]);
    assert_eq!(fs::read_to_string(&path).unwrap(), first);
}

#[test]
fn what_cannot_be_reported_is_refused() {
    let out = TempDir::new().unwrap();
    let path = out.path().to_str().unwrap();
    refused(&backdraft(&["report", "latest", "--out", path]), &["no run `latest`", "list --runs"]);
    let folder = run(&out);
    let manifest = format!("{folder}/run.json");
    let json = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, json.replace("born-dead-relu", "bygone")).unwrap();
    refused(&backdraft(&["report", &folder]), &["no experiment `bygone`"]);
    fs::write(&manifest, &json[..json.len() / 2]).unwrap();
    refused(&backdraft(&["report", &folder]), &["run.json", "line"]);
}
