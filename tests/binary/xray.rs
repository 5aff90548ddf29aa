//! `backdraft xray`: outsiders' weights and batches in, figures that PyTorch computes out.

use std::fs;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde_json::Value;
use tempfile::TempDir;

use crate::{backdraft, refused, stdout};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/goldens").join(name)
}

/// The arguments that describe a golden network, and what PyTorch computed.
fn described(name: &str) -> (Vec<String>, Value) {
    let batch = golden(&format!("{name}.batch.safetensors"));
    let bytes = fs::read(&batch).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().clone().unwrap();
    let config: Value = serde_json::from_str(&metadata["config"]).unwrap();
    let mut arguments = vec!["xray".to_owned()];
    for (key, value) in config.as_object().unwrap() {
        if key == "architecture" {
            arguments.extend(["--model".to_owned(), value.as_str().unwrap().to_owned()]);
        } else {
            // Numbers and strings are written alike in JSON and TOML.
            arguments.extend(["--set".to_owned(), format!("{key}={value}")]);
        }
    }
    let weights = golden(&format!("{name}.weights.safetensors"));
    for (option, value) in [("--batch", batch), ("--weights", weights)] {
        arguments.extend([option.to_owned(), value.to_str().unwrap().to_owned()]);
    }
    arguments.extend(["--loss".to_owned(), metadata["loss"].clone()]);
    (arguments, serde_json::from_str(&metadata["expected"]).unwrap())
}

fn xray(arguments: &[String], more: &[&str]) -> std::process::Output {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(more.to_vec()).collect();
    backdraft(&arguments)
}

#[test]
fn in_f64_every_figure_is_pytorchs_to_eleven_digits() {
    for name in ["mlp-sigmoid-30", "mlp-tanh", "lstm-20", "gru-stacked"] {
        let (arguments, expected) = described(name);
        let output = stdout(&xray(&arguments, &["--precision", "f64", "--json"]));
        let result: Value = serde_json::from_str(&output).unwrap();
        let loss = expected["loss"].as_f64().unwrap();
        assert!((result["loss"].as_f64().unwrap() / loss - 1.0).abs() < 1e-11, "{name}");
        let rows = result["rows"].as_array().unwrap();
        let theirs = expected["activation_gradient_norm"].as_object().unwrap();
        for (subject, expected) in theirs {
            let ours = rows.iter().find(|row| {
                row["quantity"] == "activation_gradient_norm" && row["subject"] == **subject
            });
            let (ours, expected) =
                (ours.unwrap()["value"].as_f64().unwrap(), expected.as_f64().unwrap());
            assert!((ours / expected - 1.0).abs() < 1e-11, "{name} {subject}: {ours}, {expected}");
        }
    }
}

#[test]
fn a_sick_net_is_told_what_is_wrong_and_everything_can_be_exported() {
    let folder = TempDir::new().unwrap();
    let (arguments, _) = described("mlp-sigmoid-30");
    for file in ["rows.csv", "rows.jsonl"] {
        let path = folder.path().join(file);
        let report = stdout(&xray(&arguments, &["--export", path.to_str().unwrap()]));
        for part in ["hidden.29", "‖∂L/∂a‖", "vanishing", "sigmoid-vs-relu"] {
            assert!(report.contains(part), "`{part}` is missing in:\n{report}");
        }
        assert!(fs::read_to_string(path).unwrap().lines().count() > 500);
    }
}

/// The gradients of 30 sigmoid layers fall far below what 16 bits hold.
#[test]
fn the_precision_report_tells_what_narrow_floats_lose_and_the_loss_scale() {
    let (arguments, _) = described("mlp-sigmoid-30");
    let report = stdout(&xray(&arguments, &["--precision-report"]));
    for float in ["fp16", "bf16", "fp8 E4M3", "fp8 E5M2"] {
        assert!(
            report.contains(&format!("gradient in {float}")),
            "{float} is missing in:\n{report}"
        );
    }
    assert!(report.contains("bf16 needs no loss scale"), "{report}");
    let output = stdout(&xray(&arguments, &["--precision-report", "--json"]));
    let result: Value = serde_json::from_str(&output).unwrap();
    let rows = result["rows"].as_array().unwrap();
    let flushed = |layer: &str| {
        let subject = format!("{layer}.linear.weight");
        let row = rows
            .iter()
            .find(|row| row["quantity"] == "gradient_flushed_fp16" && row["subject"] == *subject);
        row.unwrap()["value"].as_f64().unwrap()
    };
    assert!(flushed("hidden.0") > 0.99 && flushed("hidden.29") < 0.01, "{report}");
    assert!(!stdout(&xray(&arguments, &["--json"])).contains("fp16"));
}

#[test]
fn what_does_not_fit_is_refused_in_one_line() {
    let folder = TempDir::new().unwrap();
    let (arguments, _) = described("mlp-tanh");
    refused(&xray(&arguments, &["--set", "width=9"]), &["weights.safetensors", "has shape"]);
    refused(
        &xray(&arguments, &["--set", "inputs=3"]),
        &["batch.safetensors", "examples have shape"],
    );
    refused(&xray(&arguments, &["--set", "depht=3"]), &["did you mean `depth`"]);
    refused(&xray(&arguments, &["--set", "depth=0"]), &["depth = 0"]);
    refused(&xray(&arguments, &["--export", "rows.txt"]), &[".csv or .jsonl"]);
    refused(&backdraft(&["xray", "--model", "mpl", "--batch", "x.npz"]), &["did you mean `mlp`"]);
    let torn = folder.path().join("torn.safetensors");
    let whole = fs::read(golden("mlp-tanh.batch.safetensors")).unwrap();
    for length in [0, 7, 8, 100, whole.len() - 1] {
        fs::write(&torn, &whole[..length]).unwrap();
        let batch = ["xray", "--model", "mlp", "--batch", torn.to_str().unwrap()];
        refused(&backdraft(&batch), &["torn.safetensors", "is no safetensors file"]);
    }
    let missing = ["xray", "--model", "mlp", "--batch", "/nonexistent/batch.npz"];
    refused(&backdraft(&missing), &["/nonexistent/batch.npz", "cannot be opened"]);
}

/// What was done to make weights fit is said, and what does not fit is a table.
#[test]
fn wrapped_weights_are_taken_and_others_compared_with_the_network() {
    let folder = TempDir::new().unwrap();
    let (mut arguments, expected) = described("mlp-tanh");
    let at = arguments.iter().position(|argument| argument == "--weights").unwrap() + 1;
    let bytes = fs::read(&arguments[at]).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let path = folder.path().join("w.safetensors");
    let write = |rename: &dyn Fn(&str) -> String| {
        let views = file.iter().map(|(name, view)| (rename(name), view));
        fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
    };
    arguments[at] = path.to_str().unwrap().to_owned();
    let loss = |output: &std::process::Output| -> f64 {
        serde_json::from_str::<Value>(&stdout(output)).unwrap()["loss"].as_f64().unwrap()
    };
    let theirs = expected["loss"].as_f64().unwrap();
    write(&|name| format!("module.model.{name}"));
    let output = xray(&arguments, &["--json"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(told, "the names of the weights begin with `module.model.`\n");
    assert!((loss(&output) / theirs - 1.0).abs() < 1e-5);
    let first = |name: &str| match name.strip_prefix("0.") {
        Some(rest) => format!("first.{rest}"),
        None => name.to_owned(),
    };
    write(&first);
    let output = xray(&arguments, &[]);
    refused(&output, &["w.safetensors: the tensors do not fit", "nearest", "`--rename"]);
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(table.contains("expected") && table.contains("hidden.0.linear.weight"), "{table}");
    let renamed = xray(&arguments, &["--rename", "^first=0", "--json"]);
    assert!((loss(&renamed) / theirs - 1.0).abs() < 1e-5);
    refused(&xray(&arguments, &["--rename", "first"]), &["PATTERN=REPLACEMENT"]);
    refused(&xray(&arguments, &["--rename", "(=0"]), &["w.safetensors"]);
}
