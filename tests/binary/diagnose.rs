//! `backdraft diagnose` on logs of every format.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::{backdraft, refused, stdout};

const LAYERS: usize = 10;

/// ‖∂L/∂W‖ of a layer in a network whose layers each pass back `factor` of what they receive.
fn norm(layer: usize, factor: f64) -> f64 {
    factor.powi((LAYERS - 1 - layer) as i32)
}

fn wide(factor: f64, tag: impl Fn(usize) -> String, delimiter: &str) -> String {
    let heads: Vec<String> = (0..LAYERS).map(tag).collect();
    let mut text = format!("step{delimiter}loss{delimiter}{}\n", heads.join(delimiter));
    for step in 0..5 {
        let norms: Vec<String> = (0..LAYERS).map(|layer| norm(layer, factor).to_string()).collect();
        text += &format!("{}{delimiter}1.5{delimiter}{}\n", 10 * step, norms.join(delimiter));
    }
    text
}

fn lines(factor: f64, line: impl Fn(u64, usize, f64) -> String) -> String {
    let of_step = |step: u64| (0..LAYERS).map(move |layer| (10 * step, layer));
    let row = |(step, layer)| line(step, layer, norm(layer, factor)) + "\n";
    (0..5).flat_map(of_step).map(row).collect()
}

fn findings(path: &Path, more: &[&str]) -> Vec<Value> {
    let arguments = [&["diagnose", path.to_str().unwrap(), "--json"], more].concat();
    let answer: Value = serde_json::from_str(&stdout(&backdraft(&arguments))).unwrap();
    answer["trainings"][0]["findings"].as_array().unwrap().clone()
}

/// Lightning, Composer, W&B, Flax, Hugging Face, and whatever a pattern says: a network that vanishes is
/// found in each, and nothing in one that does not.
#[test]
fn a_vanishing_gradient_is_found_in_the_log_of_every_program() {
    let folder = TempDir::new().unwrap();
    type Write = fn(f64) -> String;
    let logs: [(&str, Write, &[&str]); 7] = [
        ("lightning.csv", |f| wide(f, |l| format!("grad_2.0_norm/net.{l}.weight"), ","), &[]),
        ("composer.tsv", |f| wide(f, |l| format!("l2_norm/grad/net.{l}.weight"), "\t"), &[]),
        ("wandb.csv", |f| wide(f, |l| format!("\"sun-3 - gradients/net.{l}.weight\""), ";"), &[]),
        (
            "rows.jsonl",
            |f| {
                lines(f, |step, layer, norm| {
                    format!(
                        r#"{{"step":{step},"quantity":"gradient_norm","subject":"net.{layer}.weight","value":{norm}}}"#
                    )
                })
            },
            &[],
        ),
        (
            "flax.jsonl",
            |f| {
                lines(f, |step, layer, norm| {
                    format!(r#"{{"_step":{step},"grads":{{"Dense_{layer}":{{"kernel":{norm}}}}}}}"#)
                })
            },
            &["--map", "grads/*=gradient_norm"],
        ),
        (
            "state.json",
            |f| {
                let entry = |step, layer, norm| {
                    format!(r#"{{"step":{step},"train/grad_norm/net.{layer}":{norm}}},"#)
                };
                let entries = lines(f, entry);
                format!(r#"{{"log_history":[{}]}}"#, entries.trim_end().trim_end_matches(','))
            },
            &[],
        ),
        (
            "own.csv",
            |f| wide(f, |l| format!("norm of {l}"), ",").replace("step,", "update,"),
            &["--map", "norm of *=gradient_norm", "--step", "update"],
        ),
    ];
    for (name, write, more) in logs {
        let path = folder.path().join(name);
        fs::write(&path, write(0.05)).unwrap();
        let found = findings(&path, more);
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert_eq!(found[0]["rule"], "vanishing", "{name}");
        assert!(found[0]["subject"].as_str().unwrap().contains('0'), "{name}: {found:?}");
        fs::write(&path, write(0.9)).unwrap();
        assert_eq!(findings(&path, more), Vec::<Value>::new(), "{name}");
    }
}

/// Our own runs, and what `export` makes of one for TensorBoard.
#[test]
fn runs_and_their_exports_are_read_as_they_were_measured() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (runs, events, page) = (at("runs"), at("events"), at("page.html"));
    stdout(&backdraft(&["run", "born-dead-relu", "--seeds", "2", "--out", &runs]));
    let export = ["export", "latest", "--runs", &runs, "--format", "tensorboard", "--out", &events];
    stdout(&backdraft(&export));
    let told = |path: &str| -> Vec<Value> {
        let answer = stdout(&backdraft(&["diagnose", path, "--json", "--report", &page]));
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["trainings"].as_array().unwrap().clone()
    };
    let (recorded, exported) = (told(&runs), told(&events));
    assert_eq!(recorded.len(), exported.len());
    assert!(recorded.len() > 1);
    let rules = |trainings: &[Value]| -> Vec<String> {
        let of = |training: &Value| {
            let found = training["findings"].as_array().unwrap().iter();
            found.map(|finding| finding["rule"].to_string()).collect::<Vec<_>>().join(" ")
        };
        let mut rules: Vec<String> = trainings.iter().map(of).collect();
        rules.sort();
        rules
    };
    assert_eq!(rules(&recorded), rules(&exported));
    assert!(fs::read_to_string(&page).unwrap().contains("What the gradients of a training say"));
}

#[test]
fn what_a_log_holds_beside_is_said_and_two_logs_are_compared() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let tag = |l| format!("grad_norm/net.{l}.weight");
    let before = write("before.csv", wide(0.05, tag, ",").replace("loss,", "lr,"));
    let after = write("after.csv", wide(0.9, tag, ",") + "50,1.5,0.3");
    let report = stdout(&backdraft(&["diagnose", &before, &after]));
    for part in [
        "before.csv: 5 observed steps, 0 to 40: gradient_norm of 10",
        "not recognised: 1 tag, `lr`",
        "vanishing in net.0.weight since step 0",
        "the log ends within an entry",
        "No trouble found.",
        "A  ",
        "vanishing       1     –",
    ] {
        assert!(report.contains(part), "`{part}` is missing in:\n{report}");
    }
}

#[test]
fn what_cannot_be_read_is_one_line_and_exit_code_2() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let csv = write("a.csv", b"step,lr,gradient\n0,1,2\n");
    let events = write("b.tfevents.1", b"no event file at all, but long enough for a header");
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    for (arguments, parts) in [
        (vec![&*csv], vec!["a.csv: no tag is known", "--map", "lr, gradient"]),
        (vec![&*csv, "--map", "lr"], vec!["`lr` names no quantity", "TAG-PATTERN=QUANTITY"]),
        (vec![&*csv, "--step", "at"], vec!["a.csv, line 1: no column of steps", "--step NAME"]),
        (vec![&*events], vec!["b.tfevents.1, event 1", "checksum", "copy it again"]),
        (vec![&*write("c.txt", b"")], vec!["c.txt: a log is an event file", ".jsonl"]),
        (vec![empty.to_str().unwrap()], vec!["empty: no log in this folder"]),
        (vec!["absent.csv"], vec!["the log absent.csv cannot be read", "No such file"]),
        (vec![folder.path().to_str().unwrap()], vec!["b.tfevents.1"]),
    ] {
        refused(&backdraft(&[&["diagnose"], &arguments[..]].concat()), &parts);
    }
}
