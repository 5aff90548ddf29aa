//! One example at a batch normalisation.

use std::fs;

use tempfile::TempDir;

use crate::{backdraft, refused, stdout};

#[test]
fn a_batch_that_leaves_batch_norm_one_value_is_refused_before_anything_runs() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("runs");
    let out = out.to_str().unwrap();
    let train = |settings: &[&str]| {
        let mut arguments = vec!["run", "training", "--out", out, "--seeds", "2"];
        for setting in ["network.normalization=batch", "steps=4"].iter().chain(settings) {
            arguments.extend(["--set", setting]);
        }
        backdraft(&arguments)
    };
    let expected = ["`hidden.0.normalization`", "at least 2 examples", "`layer`"];
    refused(&train(&["batch_size=1"]), &expected);
    refused(&train(&["examples=5", "batch_size=4"]), &["last batch", "1 of the 5", expected[0]]);
    assert!(!folder.path().join("runs").exists());
    // Four steps of four examples do not reach the end of an epoch of 33.
    stdout(&train(&["examples=33", "batch_size=4"]));

    // Every experiment that normalises over a batch, whose size has the one or the other name.
    for (experiment, setting) in [
        ("batch-norm-speed", "batch_size=1"),
        ("degradation", "batch_size=1"),
        ("normalization-flow", "batch=1"),
        ("residual-flow", "batch=1"),
        ("shattered-gradients", "batch=1"),
    ] {
        let arguments = ["run", experiment, "--out", out, "--set", setting];
        let more = if experiment == "degradation" { &["--set", "data=digits"][..] } else { &[] };
        let refusal = backdraft(&[&arguments, more].concat());
        assert_eq!(refusal.status.code(), Some(2), "{experiment}: {refusal:?}");
    }

    let batch = folder.path().join("one.csv");
    fs::write(&batch, "a,b,y\n1,2,0\n").unwrap();
    let xray = |normalization: &str| {
        let set = format!("normalization={normalization}");
        let batch = batch.to_str().unwrap();
        let model = ["--model", "mlp", "--set", "inputs=2", "--set", &set];
        let data = ["--batch", batch, "--target", "y"];
        backdraft(&[&["xray"], &model[..], &data[..]].concat())
    };
    refused(&xray("batch"), &expected);
    stdout(&xray("layer"));
}
