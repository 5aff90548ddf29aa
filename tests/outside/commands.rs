//! Every command of a program that adds its own network, experiment and data to Backdraft.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn lab(folder: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_my-lab"));
    command.args(line.split(' ')).current_dir(folder).output().unwrap()
}

fn stdout(output: &Output) -> String {
    let told = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    told
}

/// Asserts that the command says all of this and succeeds.
fn says(folder: &Path, line: &str, expected: &[&str]) {
    let told = stdout(&lab(folder, line));
    for part in expected {
        assert!(told.contains(part), "{line}: `{part}` is missing in: {told}");
    }
}

/// Asserts one clear line and exit code 2.
fn refused(folder: &Path, line: &str, expected: &[&str]) {
    let output = lab(folder, line);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{line}: {error}");
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    for part in expected {
        assert!(error.contains(part), "{line}: `{part}` is missing in: {error}");
    }
}

fn json(folder: &Path, line: &str) -> Value {
    serde_json::from_str(&stdout(&lab(folder, line))).unwrap()
}

#[test]
fn its_experiment_is_listed_described_run_shown_reported_and_verified() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    says(folder, "list", &["of this laboratory\n  my-experiment", "sigmoid-vs-relu"]);
    let listed = json(folder, "list --json");
    let last = listed.as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (last["name"].as_str(), last["group"].as_str()),
        (Some("my-experiment"), Some("own"))
    );
    says(folder, "describe my-experiment", &["gradient-arrives", "depths = [10, 50]"]);
    let run = "run my-experiment --set depths=[3,6] --set width=8";
    says(folder, run, &["supported", "at least half of the gradient", "20 trials"]);
    says(folder, &format!("{run} --json"), &["\"command\": \"my-lab run my-experiment"]);
    says(folder, "show latest", &["repeat: my-lab run my-experiment"]);
    says(folder, "report latest", &["report.html"]);
    says(folder, "figure latest gradient-flow --out flow.svg", &["flow.svg"]);
    says(folder, "export latest --format csv --out rows.csv", &["rows.csv"]);
    says(folder, "verify my-experiment", &["1 claims: 1 supported"]);
    says(folder, "check", &["agree with SHA256SUMS"]);
    let runs = fs::read_dir(folder.join("runs/my-experiment")).unwrap();
    let ids: Vec<String> =
        runs.map(|run| run.unwrap().file_name().into_string().unwrap()).collect();
    says(folder, &format!("compare {}", ids.join(" ")), &["Verdicts:", "reaches the first step"]);
    refused(folder, "run my-experimnt", &["did you mean `my-experiment`?"]);
    refused(folder, "run my-experiment --set dept=3", &["did you mean `depths`?"]);
}

#[test]
fn a_sweep_runs_it_in_several_processes() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    let spec = "experiment = \"my-experiment\"\nseeds = 2\n[set]\nwidth = 8\n[grid]\ndepths = [[2, 3], [2, 4]]\n";
    fs::write(folder.join("sweep.toml"), spec).unwrap();
    says(folder, "sweep sweep.toml --jobs 2", &["2 of 2 runs are finished"]);
    says(folder, "sweep status sweep.toml", &["2 of 2 runs are finished"]);
    says(folder, "sweep collect runs", &["8 trials of 2 runs"]);
}

#[test]
fn its_network_is_listed_x_rayed_trained_and_conforms() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    says(folder, "zoo", &["my-net: A network of small steps", "my-net-100", "transformer"]);
    fs::write(folder.join("batch.csv"), "a,b,y\n0.1,2,0.5\n-1,0.3,1.5\n").unwrap();
    let xray = "xray --model my-net --set depth=5 --batch batch.csv --target y";
    says(folder, xray, &["steps.0", "steps.4", "embedding.weight", "mean-squared-error"]);
    refused(folder, "xray --model my-nett --batch batch.csv", &["did you mean `my-net`?"]);
    refused(folder, &format!("{xray} --set depth=0"), &["`depth = 0`"]);
    refused(folder, &format!("{xray} --set dept=5"), &["did you mean `depth`?"]);
    let checked = json(folder, "zoo --check --json");
    for name in ["my-net", "my-net-100", "mlp"] {
        let entry = checked.as_array().unwrap().iter().find(|entry| entry["name"] == name).unwrap();
        let checks = entry["checks"].as_array().unwrap();
        assert_eq!(checks.len(), 11);
        assert!(checks.iter().all(|check| check["fault"].is_null()), "{entry}");
    }
    // With one back end there is nothing to compare it with; with two, they must agree.
    let output = lab(folder, "backends --check my-net my-experiment");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_alone = output.status.code() == Some(2) && error.contains("only `flex` is built in");
    assert!(output.status.success() || is_alone, "{error}");
}

#[test]
fn its_data_are_learned_by_its_network_and_by_those_of_the_zoo() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    let run = "run training --seeds 2 --set data=my-data --set examples=500 --set steps=300";
    let own = format!("{run} --set model=my-net --set network.depth=4");
    says(folder, &own, &["supported", "The network learns"]);
    says(folder, &format!("{run} --set model=mlp"), &["The network learns"]);
    says(folder, "report latest", &["report.html"]);
    refused(folder, "run training --set data=my-dat", &["did you mean `my-data`?", "my-data"]);
    refused(folder, "run training --set model=my-nett", &["`model = my-nett`"]);
}

#[test]
fn new_writes_this_crate_and_replaces_nothing() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    says(folder, "new mine", &["cd 'mine' && cargo run --release -- run my-experiment"]);
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/template");
    for entry in fs::read_dir(template).unwrap() {
        let path = entry.unwrap().path();
        let written = folder.join("mine/src").join(path.file_name().unwrap());
        assert_eq!(fs::read(written).unwrap(), fs::read(&path).unwrap(), "{}", path.display());
    }
    let manifest = fs::read_to_string(folder.join("mine/Cargo.toml")).unwrap();
    assert!(manifest.contains("name = \"mine\"") && manifest.contains("git = "), "{manifest}");
    says(folder, "new mine", &["wrote the crate `mine`"]);
    fs::write(folder.join("mine/src/data.rs"), "// mine").unwrap();
    refused(folder, "new mine", &["data.rs` is there already"]);
    refused(folder, "new mine --name other", &["Cargo.toml` is there already"]);
    assert_eq!(fs::read_to_string(folder.join("mine/src/data.rs")).unwrap(), "// mine");
    refused(folder, "new 2nd", &["cannot be the name of this crate"]);
    refused(folder, "new other --path nowhere", &["no checkout of Backdraft"]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    says(folder, &format!("new local --path {}", root.display()), &["`local`"]);
    let manifest = fs::read_to_string(folder.join("local/Cargo.toml")).unwrap();
    assert!(manifest.contains("path = ") && manifest.contains("experiments"), "{manifest}");
}
