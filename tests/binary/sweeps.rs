//! Sweeps: expanded, shared out, collected.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::{backdraft, refused, stdout};

/// Six runs of twelve short trainings each.
const SPEC: &str = "\
experiment = \"sigmoid-vs-relu\"
seeds = 2

[set]
depths = [3]
flow_depth = 3

[grid]
adam_rate = [0.001, 0.01]

[random]
samples = 3

[random.draw]
steps = { integer = [5, 50] }
sgd_rate = { log_uniform = [1e-2, 1.0] }
";

struct Place(TempDir);

impl Place {
    fn new(spec: &str) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("sweep.toml"), spec).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn sweep(&self, out: &str, more: &[&str]) -> Output {
        let (spec, out) = (self.path("sweep.toml"), self.path(out));
        backdraft(&[&["sweep", &spec, "--out", &out][..], more].concat())
    }

    /// The table of all trials in `folders`.
    fn collected(&self, folders: &[&str]) -> String {
        let csv = self.path("table.csv");
        let folders: Vec<String> = folders.iter().map(|folder| self.path(folder)).collect();
        let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
        stdout(&backdraft(&[&["sweep", "collect", "--csv", &csv][..], &folders].concat()));
        fs::read_to_string(csv).unwrap()
    }
}

#[test]
fn shards_collected_from_anywhere_equal_the_whole_and_nothing_is_run_twice() {
    let place = Place::new(SPEC);
    assert!(stdout(&place.sweep("whole", &["--jobs", "2"])).contains("6 of 6 runs are finished"));
    for (shard, out) in [("1/2", "here"), ("2/2", "there")] {
        let told = stdout(&place.sweep(out, &["--jobs", "1", "--shard", shard]));
        assert!(told.contains("3 of 3 runs are finished"), "{told}");
    }
    let whole = place.collected(&["whole"]);
    assert_eq!(whole.lines().count(), 1 + 6 * 12);
    assert!(whole.starts_with("experiment,run,adam_rate,sgd_rate,steps,trial.depth,"), "{whole}");
    assert_eq!(place.collected(&["there", "here"]), whole);

    let again = place.sweep("whole", &[]);
    assert_eq!(String::from_utf8_lossy(&again.stderr), "", "finished runs are left alone");
    let (spec, out) = (place.path("sweep.toml"), place.path("here"));
    let status = stdout(&backdraft(&["sweep", "status", &spec, "--out", &out]));
    assert!(status.contains("3 of 6 runs are finished"), "{status}");
    assert_eq!(status.matches("missing").count(), 3, "{status}");
    assert!(status.contains("adam_rate = 0.001, sgd_rate = "), "{status}");
}

#[test]
fn a_run_whose_process_was_killed_while_closing_its_record_is_closed_by_the_next_sweep() {
    let place = Place::new(&SPEC.replace("samples = 3", "samples = 1"));
    stdout(&place.sweep("runs", &["--jobs", "1"]));
    let measured = place.collected(&["runs"]);
    let runs = fs::read_dir(place.path("runs/sigmoid-vs-relu")).unwrap();
    let run = runs.map(|run| run.unwrap().path()).min().unwrap();
    // The sums are the last file that is written, and were in the middle of it.
    fs::rename(run.join("SHA256SUMS"), run.join(".unfinished-sums")).unwrap();
    let out = place.path("runs");
    let check = || backdraft(&["check", "--out", &out]);
    assert!(String::from_utf8_lossy(&check().stdout).contains("ended while it closed the record"));
    let (spec, cut_off) = (place.path("sweep.toml"), "1 of 2 runs are finished");
    assert!(stdout(&backdraft(&["sweep", "status", &spec, "--out", &out])).contains(cut_off));
    stdout(&place.sweep("runs", &["--jobs", "2"]));
    stdout(&check());
    assert!(!run.join(".unfinished-sums").exists());
    assert_eq!(place.collected(&["runs"]), measured);
}

#[test]
fn records_that_contradict_each_other_are_not_believed() {
    let place = Place::new(&SPEC.replace("samples = 3", "samples = 1"));
    for out in ["a", "b"] {
        stdout(&place.sweep(out, &["--jobs", "1"]));
    }
    let run =
        fs::read_dir(place.path("b/sigmoid-vs-relu")).unwrap().next().unwrap().unwrap().path();
    let trial = fs::read_dir(run.join("measurements")).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&trial).unwrap().replacen("\"value\":", "\"value\":1", 1);
    fs::write(&trial, text).unwrap();
    let (a, b) = (place.path("a"), place.path("b"));
    let id = run.file_name().unwrap().to_str().unwrap();
    refused(&backdraft(&["sweep", "collect", &a, &b]), &[id, "measured something else"]);
}

#[test]
fn processes_on_one_folder_share_the_runs() {
    let place = Place::new(SPEC);
    let start = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
        command.args(["sweep", &place.path("sweep.toml"), "--out", &place.path("runs")]);
        command.args(["--jobs", "1"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let outputs = [start(), start()].map(|child| child.wait_with_output().unwrap());
    let mut told = String::new();
    for output in outputs {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        told += &String::from_utf8_lossy(&output.stderr);
    }
    for id in fs::read_dir(place.path("runs/sigmoid-vs-relu")).unwrap() {
        let id = id.unwrap().file_name().into_string().unwrap();
        assert_eq!(told.matches(&id).count(), 1, "{id} was run once: {told}");
    }
    stdout(&place.sweep("whole", &["--jobs", "1"]));
    assert_eq!(place.collected(&["runs"]), place.collected(&["whole"]));
}

#[test]
fn mistakes_in_a_description_are_refused_with_their_place() {
    let sweep = |spec: &str| Place::new(spec).sweep("runs", &[]);
    refused(&sweep("experiment = 3"), &["sweep.toml", "line 1"]);
    refused(&sweep("experiment = \"sigmoid\""), &["did you mean `sigmoid-vs-relu`"]);
    let with = |more: &str| sweep(&format!("experiment = \"sigmoid-vs-relu\"\n{more}"));
    refused(&with("gird = {}"), &["sweep.toml", "line 2", "gird"]);
    refused(&with("[grid]\ndepth = [1]"), &["sweep.toml", "`depth`", "did you mean `depths`"]);
    refused(&with("[grid]\nsteps = 5"), &["sweep.toml", "`steps` needs a list"]);
    refused(&with("[grid]\nadam_rate = [0.1, -1]"), &["sweep.toml", "adam_rate = -1", "positive"]);
    refused(&with("backend = \"cuda\""), &["--features cuda"]);
    let place = Place::new(SPEC);
    let shard = place.sweep("runs", &["--shard", "3/2"]);
    assert_eq!(shard.status.code(), Some(2), "{}", String::from_utf8_lossy(&shard.stderr));
    refused(&backdraft(&["sweep", "nowhere.toml"]), &["cannot read", "nowhere.toml"]);
    let empty = place.path("nothing");
    refused(&backdraft(&["sweep", "collect", &empty]), &["no runs", "nothing"]);
}

/// GNU parallel, Slurm and Kubernetes all start one process per share: `docs/sweeps.md` says how.
/// GNU parallel is tried here where it is installed.
#[test]
fn gnu_parallel_spreads_a_sweep() {
    let place = Place::new(SPEC);
    let program = env!("CARGO_BIN_EXE_backdraft");
    let command = format!("{program} sweep sweep.toml --shard {{}}/3 --jobs 1 --out {{}}");
    let mut parallel = Command::new("parallel");
    parallel.args(["--will-cite", "-j", "2", &command, ":::", "1", "2", "3"]);
    match parallel.current_dir(Path::new(&place.path(""))).output() {
        Err(error) => return skipped(&error.to_string()),
        Ok(output) => drop(stdout(&output)),
    }
    stdout(&place.sweep("whole", &["--jobs", "1"]));
    assert_eq!(place.collected(&["1", "2", "3"]), place.collected(&["whole"]));
}

#[expect(clippy::print_stderr, reason = "a test that cannot run must say so")]
fn skipped(reason: &str) {
    eprintln!("skipped: GNU parallel is not to be had here: {reason}");
}

#[test]
fn what_is_collected_is_told_by_what_differs() {
    let place = Place::new(SPEC);
    stdout(&place.sweep("runs", &["--jobs", "2"]));
    let output = backdraft(&["sweep", "collect", &place.path("runs")]);
    let told = stdout(&output);
    let runs: Vec<&str> = told.lines().filter(|line| line.contains("seeds)")).collect();
    assert!(runs.len() > 6, "{told}");
    for line in &runs {
        assert!(line.contains("adam_rate = ") && line.contains("network = "), "{line}");
        assert!(!line.contains("depth = ") && !line.contains("trial."), "{line}");
    }
    let common = String::from_utf8_lossy(&output.stderr);
    assert!(common.contains("the same in all: depth = 3"), "{common}");
}
