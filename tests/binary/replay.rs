//! Replays of recorded trials, and traces of two runs.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::{backdraft, failed, refused, run_folders, stdout};

/// One network, one seed.
fn run(out: &Path, more: &[&str]) -> PathBuf {
    let small = ["--seeds", "2", "--set", "depths=[3]", "--set", "flow_depth=3", "--set"];
    let out = out.to_str().unwrap();
    let start = ["run", "sigmoid-vs-relu", "--out", out, "--quiet"];
    stdout(&backdraft(&[&start[..], &small, &["steps=30"], more].concat()));
    run_folders(Path::new(out), "sigmoid-vs-relu").pop().unwrap()
}

/// The name of a trial that trains.
fn trained(run: &Path) -> String {
    let entries = fs::read_dir(run.join("measurements")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let is_trained = |path: &&PathBuf| {
        fs::read_to_string(path).unwrap().contains(r#"{"step":20,"quantity":"loss""#)
    };
    let file = files.iter().find(is_trained).unwrap();
    file.file_stem().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_replay_measures_what_the_run_measured_to_the_bit_and_everything_else_too() {
    let out = TempDir::new().unwrap();
    let run = run(out.path(), &[]);
    let (run, trial) = (run.to_str().unwrap(), trained(&run));
    let told = stdout(&backdraft(&["replay", run, &trial, "--at", "22"]));
    assert!(told.contains("all of them to the bit"), "{told}");
    assert!(told.contains("The batch of step"), "{told}");
    let page = out.path().join("replay.html");
    let html = ["replay", run, &trial, "--at", "22", "--html", page.to_str().unwrap()];
    stdout(&backdraft(&html));
    let html = fs::read_to_string(page).unwrap();
    assert!(html.contains("Step by step") && html.contains("all of them to the bit"));
    let json = ["replay", run, &trial, "--at", "22", "--after", "2", "--json"];
    let replayed = stdout(&backdraft(&json));
    let value: Value = serde_json::from_str(&replayed).unwrap();
    assert_eq!(value["repeated"]["first"], Value::Null, "{}", value["repeated"]);
    assert!(value["repeated"]["compared"].as_u64().unwrap() > 10);
    let rows = value["rows"].as_array().unwrap();
    let has = |step: u64, quantity: &str| {
        rows.iter().any(|row| row["step"] == step && row["quantity"] == quantity)
    };
    for step in 17..=24 {
        for quantity in ["loss", "activation_norm", "gradient_norm", "update_ratio"] {
            assert!(has(step, quantity), "{quantity} at {step}");
        }
    }
    assert!(!has(16, "loss") && !has(25, "loss"));
    let batch = &value["batch"];
    assert_eq!(batch["examples"].as_array().unwrap().len() as u64, batch["size"].as_u64().unwrap());
    let mut again: Value = serde_json::from_str(&stdout(&backdraft(&json))).unwrap();
    again["seconds"] = value["seconds"].clone();
    assert_eq!(again, value, "replays are deterministic");
}

#[test]
fn what_cannot_be_replayed_is_refused_with_the_nearest() {
    let out = TempDir::new().unwrap();
    let run = run(out.path(), &[]);
    let (path, trial) = (run.to_str().unwrap(), trained(&run));
    let wrong = format!("{}x", &trial[..trial.len() - 1]);
    refused(&backdraft(&["replay", path, &wrong, "--at", "3"]), &["did you mean `"]);
    refused(&backdraft(&["replay", path, "", "--at", "3"]), &["trials begin with", "name one"]);
    let late = backdraft(&["replay", path, &trial, "--at", "500"]);
    let told = String::from_utf8_lossy(&late.stderr).into_owned();
    assert_eq!(late.status.code(), Some(2), "{told}");
    assert!(told.contains("replaying 506 steps from the start"), "{told}");
    assert!(told.contains("ends at step 29: `--at` takes steps from 0 to 29"), "{told}");
    let id = run.file_name().unwrap().to_str().unwrap();
    let near = format!("{id}0");
    let folder = out.path().to_str().unwrap();
    let unknown = backdraft(&["replay", &near, &trial, "--at", "3", "--out", folder]);
    refused(&unknown, &[&format!("did you mean `{id}`")]);
}

#[test]
fn a_trace_finds_the_first_difference_and_none_between_equal_trainings() {
    let [first, second, other] = [(), (), ()].map(|()| TempDir::new().unwrap());
    let [a, b, c] = [
        run(first.path(), &["--jobs", "1"]),
        run(second.path(), &["--jobs", "2"]),
        run(other.path(), &["--set", "sgd_rate=0.5"]),
    ];
    let trace = |a: &Path, b: &Path, more: &[&str]| {
        let paths = [a.to_str().unwrap(), b.to_str().unwrap()];
        backdraft(&[&["compare", "--trace"][..], &paths, more].concat())
    };
    let told = stdout(&trace(&a, &b, &[]));
    assert!(told.contains("They are equal to the bit."), "{told}");
    let differing = trace(&a, &c, &[]);
    failed(&differing, &["the trainings differ from step "]);
    let told = String::from_utf8(differing.stdout).unwrap();
    assert!(told.contains("First difference, in ") && told.contains(" of "), "{told}");
    stdout(&trace(&a, &c, &["--tolerance", "inf"]));
    refused(&trace(&a, &c, &["--tolerance", "-1"]), &["0 or more"]);
    refused(&backdraft(&["compare", "--trace", a.to_str().unwrap(), "0", "1"]), &["not 3"]);
    // Against a log of rows of any program.
    let file = a.join("measurements").join(format!("{}.jsonl", trained(&a)));
    let log = first.path().join("log.csv");
    let row = "step,quantity,subject,value\n20,loss,network,123\n";
    fs::write(&log, row).unwrap();
    failed(&trace(&file, &log, &[]), &["differ from step 20 on"]);
    fs::write(&log, row.replace("loss", "lost")).unwrap();
    refused(&trace(&file, &log, &[]), &["no measurement is in both"]);
    fs::write(&log, "step,loss\n1,2\n").unwrap();
    refused(&trace(&file, &log, &[]), &["log.csv", "line 2"]);
}
