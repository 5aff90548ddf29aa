//! The same request gives the same bytes for every file but the clock in `run.json`.

use std::collections::BTreeMap;
use std::path::Path;

use tempfile::TempDir;

use crate::{backdraft, files, run_folders, stdout};

/// The files of the only run, without what says when it was made and how long it took.
fn without_clock(out: &Path, experiment: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = files(&run_folders(out, experiment)[0]);
    let mut manifest: serde_json::Value = serde_json::from_slice(&files["run.json"]).unwrap();
    let manifest = manifest.as_object_mut().unwrap();
    for clock in ["started_unix", "seconds"] {
        assert!(manifest.remove(clock).is_some(), "{clock}");
    }
    files.insert("run.json".to_owned(), serde_json::to_vec(&manifest).unwrap());
    let sums = String::from_utf8(files.remove("SHA256SUMS").unwrap()).unwrap();
    let others = sums.lines().filter(|line| !line.ends_with("  run.json"));
    let others: Vec<&str> = others.collect();
    assert_eq!(others.len() + 1, sums.lines().count());
    files.insert("SHA256SUMS".to_owned(), others.join("\n").into_bytes());
    files
}

fn assert_equal(a: &BTreeMap<String, Vec<u8>>, b: &BTreeMap<String, Vec<u8>>) {
    assert!(a.keys().eq(b.keys()), "{:?} and {:?}", a.keys(), b.keys());
    let other: Vec<&String> = a.keys().filter(|name| a[*name] != b[*name]).collect();
    assert!(other.is_empty(), "these files differ: {other:?}");
}

#[test]
fn equal_requests_leave_equal_files() {
    let [first, second] = [(), ()].map(|()| TempDir::new().unwrap());
    let run = |out: &TempDir, jobs: &str, every: &str| {
        let out = out.path().to_str().unwrap();
        let small = ["--seeds", "2", "--set", "depths=[3]", "--set", "flow_depth=3", "--quiet"];
        let run = ["run", "sigmoid-vs-relu", "--set", "steps=60", "--out", out, "--jobs", jobs];
        stdout(&backdraft(&[&run[..], &small, &["--checkpoint-every", every]].concat()));
    };
    run(&first, "1", "20");
    run(&second, "2", "20");
    let [one, other] = [&first, &second].map(|out| without_clock(out.path(), "sigmoid-vs-relu"));
    assert_equal(&one, &other);
    for kind in ["best.bpk", ".svg", ".jsonl", "report.html"] {
        assert!(one.keys().any(|name| name.ends_with(kind)), "{kind} in {:?}", one.keys());
    }
    // The clock decides when such checkpoints are kept, and so decides nothing that stays.
    let [hurried, slow] = [(), ()].map(|()| TempDir::new().unwrap());
    run(&hurried, "1", "0.001s");
    run(&slow, "1", "never");
    let [one, other] = [&hurried, &slow].map(|out| without_clock(out.path(), "sigmoid-vs-relu"));
    assert_equal(&one, &other);
}

/// A process that has drawn before draws the same.
#[test]
fn a_run_among_others_leaves_the_files_of_a_run_alone() {
    let [alone, among] = [(), ()].map(|()| TempDir::new().unwrap());
    let last = "pre-norm-vs-post-norm";
    let verify = |out: &TempDir, names: &[&str]| {
        let out = ["--out", out.path().to_str().unwrap()];
        stdout(&backdraft(&[&["verify"], names, &out].concat()));
    };
    verify(&alone, &[last]);
    verify(&among, &["born-dead-relu", last]);
    assert_equal(&without_clock(alone.path(), last), &without_clock(among.path(), last));
}

#[test]
fn the_same_record_is_exported_as_the_same_bytes() {
    let out = TempDir::new().unwrap();
    let path = |name: &str| out.path().join(name).to_str().unwrap().to_owned();
    let runs = path("runs");
    stdout(&backdraft(&["run", "born-dead-relu", "--quiet", "--seeds", "2", "--out", &runs]));
    for format in ["csv", "jsonl", "tensorboard"] {
        let [first, second] = ["first", "second"].map(|folder| path(&format!("{folder}/{format}")));
        for to in [&first, &second] {
            stdout(&backdraft(&[
                "export", "latest", "--format", format, "--out", to, "--runs", &runs,
            ]));
        }
    }
    assert_equal(&files(Path::new(&path("first"))), &files(Path::new(&path("second"))));
}
