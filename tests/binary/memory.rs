//! Settings that ask for more memory than there is.

#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::signals::wait_for_a_trial;
use crate::{backdraft, refused, stdout};

#[test]
fn what_does_not_fit_is_refused_with_the_setting_to_lower_and_nothing_is_written() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("runs");
    let cases = [
        // Data.
        (
            "training",
            &["model=gru", "data=adding", "length=60000", "examples=10000000"][..],
            "`length`",
        ),
        ("copy-memory", &["lengths=[10000]", "sequences=10000000"], "`sequences`"),
        // Parameters.
        ("training", &["network.width=65536", "network.depth=100"], "`network.width`"),
        // Activations.
        ("training", &["model=resnet-110", "batch_size=100000", "network.width=1024"], "`"),
        ("early-layers", &["width=8192", "depths=[1000]"], "`width`"),
        ("forget-gate-time-constant", &["hidden=8192", "lengths=[10000]"], "`"),
    ];
    for (name, settings, key) in cases {
        let mut arguments = vec!["run", name, "--out", out.to_str().unwrap()];
        settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
        let said = ["GiB of memory", "GiB are free: ", &format!("lower {key}")];
        refused(&backdraft(&arguments), &said);
        assert!(!out.exists(), "{name}");
    }
}

#[test]
fn data_of_a_fixed_size_are_not_refused_for_the_most_that_may_be_asked_for() {
    let out = TempDir::new().unwrap();
    let mut arguments = vec!["run", "training", "--seeds", "2", "--quiet", "--jobs", "1"];
    for setting in ["data=digit-rows", "model=gru", "examples=10000000", "steps=2"] {
        arguments.extend(["--set", setting]);
    }
    arguments.extend(["--out", out.path().to_str().unwrap()]);
    stdout(&backdraft(&arguments));
}

#[test]
fn a_network_that_does_not_fit_is_not_looked_at() {
    let folder = TempDir::new().unwrap();
    let batch = folder.path().join("batch.csv");
    std::fs::write(&batch, "a,b\n1,0.5\n2,0.25\n").unwrap();
    let batch = batch.to_str().unwrap();
    for model in ["mlp", "lstm", "transformer-pre-norm"] {
        let width = if model == "lstm" { "hidden=65536" } else { "width=65536" };
        let depth = if model == "mlp" { "depth=10000" } else { "layers=1000" };
        let mut arguments = vec!["xray", "--model", model, "--batch", batch, "--target", "b"];
        for setting in [width, depth, "inputs=1", "length=1", "outputs=1"] {
            if !(model == "mlp" && setting == "length=1") {
                arguments.extend(["--set", setting]);
            }
        }
        refused(&backdraft(&arguments), &[model, "GiB of memory", "GiB are free: "]);
    }
}

#[test]
fn ten_thousand_seeds_start_within_three_gigabytes() {
    let out = TempDir::new().unwrap();
    let limited = "ulimit -v 3000000; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", limited, env!("CARGO_BIN_EXE_backdraft"), "run", "sigmoid-vs-relu"]);
    command.args(["--set", "seeds=10000", "--jobs", "1", "--quiet", "--out"]).arg(out.path());
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    wait_for_a_trial(out.path());
    assert!(child.try_wait().unwrap().is_none(), "it runs");
    child.kill().unwrap();
    child.wait().unwrap();
}
