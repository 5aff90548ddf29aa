//! Runs: records, resumption, settings, refusals.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::{backdraft, refused, stdout};

/// A run small enough for a test: 6 networks × 2 seeds.
const SMALL: &[&str] =
    &["--seeds", "2", "--set", "depths=[3]", "--set", "flow_depth=3", "--set", "steps=20"];

fn run_small(out: &Path, more: &[&str]) -> Output {
    let out = out.to_str().unwrap();
    backdraft(&[&["run", "sigmoid-vs-relu", "--out", out], SMALL, more].concat())
}

/// The measurements of the only run in `out`, by file name.
fn measurements(out: &Path) -> Vec<(String, Vec<u8>)> {
    let id = fs::read_dir(out.join("sigmoid-vs-relu")).unwrap().next().unwrap().unwrap();
    let mut files: Vec<PathBuf> = fs::read_dir(id.path().join("measurements"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

/// What the program shows on a terminal of a kind and a width.
#[cfg(target_os = "linux")]
fn on_terminal(kind: &str, columns: usize, out: &str) -> String {
    let program = env!("CARGO_BIN_EXE_backdraft");
    let shown = format!("stty cols {columns}; '{program}' show latest --out '{out}'");
    let mut command = Command::new("script");
    command.args(["-qec", &shown, "/dev/null"]).env("TERM", kind).env("COLUMNS", "200");
    stdout(&command.env_remove("NO_COLOR").output().unwrap()).replace('\r', "")
}

#[test]
#[cfg(target_os = "linux")]
fn a_terminal_is_asked_for_its_width_and_keeps_its_own_colours() {
    let out = TempDir::new().unwrap();
    run_small(out.path(), &["--quiet"]);
    let path = out.path().to_str().unwrap();
    let commands = ["rules and evidence: ", "repeat: ", "record: "];
    let widest = |told: &str| {
        let text = told.lines().filter(|line| !commands.iter().any(|of| line.starts_with(of)));
        text.map(|line| line.chars().count()).max().unwrap()
    };
    for columns in [60, 110] {
        let told = on_terminal("dumb", columns, path);
        assert!(!told.contains('\u{1b}'), "a dumb terminal has no colours: {told}");
        assert_eq!(widest(&told), columns, "{told}");
    }
    let told = on_terminal("xterm-256color", 80, path);
    assert!(told.contains("\u{1b}[36m●") && !told.contains("[38;2;"), "{told}");
    let title = told.lines().find(|line| line.starts_with("‖∂L/∂h‖: ")).unwrap();
    assert!(!title.contains('\u{1b}'), "titles have the terminal's own colour: {title}");
}

#[test]
fn the_list_of_experiments_fits_80_columns() {
    let list = stdout(&backdraft(&["list"]));
    assert!(list.contains("sigmoid-vs-relu") && list.lines().count() > 40);
    let wide: Vec<&str> = list.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:?}");
}

#[test]
fn the_answer_comes_first_and_fits_80_columns() {
    let out = TempDir::new().unwrap();
    run_small(out.path(), &["--quiet"]);
    let path = out.path().to_str().unwrap();
    // By the name of its experiment, in a shell that says that it is wide.
    let show = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
        command.args(["show", "sigmoid-vs-relu", "--out", path]).args(more).env("COLUMNS", "200");
        stdout(&command.output().unwrap())
    };
    let (brief, verbose) = (show(&[]), show(&["--verbose"]));
    let answer = brief.split("\n\n").next().unwrap().replace('\n', " ");
    assert!(answer.contains("‖∂L/∂h‖ shrinks geometrically towards the input"), "{answer}");
    assert!(answer.contains("Of 12 statements, "), "{answer}");
    let picture = brief.split("\n\n").nth(1).unwrap();
    assert!(picture.contains("● sigmoid") && picture.lines().count() <= 16, "{picture}");
    for told in [&brief, &verbose] {
        let commands = ["rules and evidence: ", "repeat: ", "record: "];
        let text = told.lines().filter(|line| !commands.iter().any(|of| line.starts_with(of)));
        let wide: Vec<&str> = text.filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{wide:?}");
    }
    assert!(!brief.contains("Rule: ") && brief.contains("--verbose"), "{brief}");
    assert_eq!(verbose.matches("Rule: ").count(), 12, "{verbose}");
}

#[test]
fn a_run_leaves_a_record_with_verdicts_and_shows_them_again() {
    let out = TempDir::new().unwrap();
    let report = stdout(&run_small(out.path(), &[]));
    for part in ["supported", "factor per layer", "record: ", "12 trials in"] {
        assert!(report.contains(part), "`{part}` is missing in:\n{report}");
    }
    assert!(!report.contains('\u{1b}'), "no colour when the output is not a terminal");

    let path = out.path().to_str().unwrap();
    let shown = stdout(&backdraft(&["show", "latest", "--out", path]));
    assert!(shown.contains("repeat: backdraft run sigmoid-vs-relu"), "{shown}");
    let json = stdout(&backdraft(&["show", "latest", "--out", path, "--json"]));
    let record: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(record["status"], "finished");
    assert_eq!(record["verdicts"].as_array().unwrap().len(), 12);
    let listed = stdout(&backdraft(&["list", "--runs", "--out", path]));
    assert!(listed.contains(record["id"].as_str().unwrap()), "{listed}");
}

#[test]
fn the_same_command_measures_the_same_bytes_whatever_the_number_of_jobs() {
    let [first, second, other] = [(), (), ()].map(|()| TempDir::new().unwrap());
    stdout(&run_small(first.path(), &["--jobs", "1", "--quiet"]));
    stdout(&run_small(second.path(), &["--jobs", "2", "--quiet"]));
    stdout(&run_small(other.path(), &["--quiet", "--set", "first_seed=100"]));
    let measured = measurements(first.path());
    assert_eq!(measured.len(), 12);
    assert_eq!(measured, measurements(second.path()));
    let bytes = |files: Vec<(String, Vec<u8>)>| files.into_iter().map(|f| f.1).collect::<Vec<_>>();
    assert_ne!(bytes(measured), bytes(measurements(other.path())));
}

#[test]
fn a_cut_off_run_goes_on_and_a_finished_one_is_not_measured_again() {
    let out = TempDir::new().unwrap();
    stdout(&run_small(out.path(), &["--quiet"]));
    let whole = measurements(out.path());
    let id = fs::read_dir(out.path().join("sigmoid-vs-relu")).unwrap().next().unwrap().unwrap();
    let trial = id.path().join("measurements").join(&whole[0].0);
    fs::write(&trial, &whole[0].1[..whole[0].1.len() / 2]).unwrap();
    let untouched = id.path().join("measurements").join(&whole[1].0);
    let modified = fs::metadata(&untouched).unwrap().modified().unwrap();

    stdout(&run_small(out.path(), &["--quiet"]));
    assert_eq!(measurements(out.path()), whole);
    assert_eq!(fs::metadata(&untouched).unwrap().modified().unwrap(), modified);
}

#[test]
fn bad_input_is_refused_in_one_line_that_says_what_to_do() {
    let out = TempDir::new().unwrap();
    let set = |pair: &str| run_small(out.path(), &["--set", pair]);
    refused(&backdraft(&["run", "sigmoid-vs-rleu"]), &["did you mean `sigmoid-vs-relu`"]);
    refused(&backdraft(&["describe", "sigmoid"]), &["did you mean `sigmoid-vs-relu`"]);
    refused(&set("depth=3"), &["no setting `depth`", "did you mean `depths`"]);
    refused(&set("depths=[0, 3]"), &["depths = [0, 3]", "at least 1 hidden layer"]);
    refused(&set("adam_rate=-1"), &["adam_rate = -1", "positive"]);
    refused(&set("data=mnist"), &["data = \"mnist\"", "digits"]);
    refused(&set("steps"), &["key=value"]);
    refused(&set("seeds=-1"), &["seeds = -1"]);
    refused(&backdraft(&["run", "sigmoid-vs-relu", "--seeds", "1"]), &["seeds = 1", "at least 2"]);
    refused(&run_small(out.path(), &["--backend", "cuda"]), &["--features cuda"]);
    refused(&run_small(out.path(), &["--backend", "flx"]), &["did you mean `flex`"]);
    refused(&backdraft(&["show", "nonesuch", "--out", "/nonexistent"]), &["no run `nonesuch`"]);
}

#[test]
fn a_configuration_file_is_read_and_its_mistakes_are_located() {
    let out = TempDir::new().unwrap();
    let file = out.path().join("settings.toml");
    let path = file.to_str().unwrap();
    fs::write(&file, "steps = 10\nbatch_size = 16\n").unwrap();
    let out_path = out.path().to_str().unwrap();
    let run = || {
        backdraft(&[
            "run",
            "sigmoid-vs-relu",
            "--out",
            out_path,
            "--config",
            path,
            "--seeds",
            "2",
            "--json",
            "--set",
            "depths=[3]",
            "--set",
            "flow_depth=3",
        ])
    };
    let record: serde_json::Value = serde_json::from_str(&stdout(&run())).unwrap();
    assert_eq!(record["settings"]["batch_size"], 16);
    fs::write(&file, "steps = 10\nbatchsize = 16\n").unwrap();
    refused(&run(), &[path, "`batchsize`", "did you mean `batch_size`"]);
    fs::write(&file, "steps = 10\nbatch_size = = 16\n").unwrap();
    refused(&run(), &[path, "line 2"]);
    fs::remove_file(&file).unwrap();
    refused(&run(), &["cannot read", path]);
}

#[test]
fn missing_data_are_refused_and_leave_no_record() {
    let (out, home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
    command.args(["run", "degradation", "--preset", "paper", "--out"]).arg(out.path());
    let output = command.env("BACKDRAFT_DATA", home.path()).env("HOME", home.path()).output();
    refused(&output.unwrap(), &["`cifar-10`", "cifar-10-binary.tar.gz"]);
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
}

#[test]
fn an_output_folder_that_cannot_be_written_is_refused() {
    let out = TempDir::new().unwrap();
    let file = out.path().join("a-file");
    fs::write(&file, "").unwrap();
    refused(&run_small(&file, &[]), &["cannot create", "a-file"]);
}

#[test]
fn lists_descriptions_back_ends_and_completions_can_be_had() {
    assert!(stdout(&backdraft(&["list"])).contains("sigmoid-vs-relu"));
    let description = stdout(&backdraft(&["describe", "sigmoid-vs-relu"]));
    for part in ["Rule:", "depths = [1, 3, 10, 20, 50]", "Glorot"] {
        assert!(description.contains(part), "{description}");
    }
    assert!(stdout(&backdraft(&["backends"])).contains("built in, default"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&backdraft(&["completions", shell])).contains("backdraft"));
    }
    for command in [&["list", "--json"][..], &["backends", "--json"]] {
        let json = stdout(&backdraft(command));
        assert!(serde_json::from_str::<serde_json::Value>(&json).unwrap().is_array());
    }
    let help = stdout(&backdraft(&["run", "--help"]));
    assert!(help.contains("Examples:") && help.contains("--preset"), "{help}");
}

#[test]
fn the_named_binary_runs_its_experiment() {
    let out = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sigmoid-vs-relu"));
    let output = command.args(SMALL).arg("--out").arg(out.path()).arg("--quiet").output().unwrap();
    assert!(stdout(&output).contains("sigmoid-vs-relu"));
    assert_eq!(measurements(out.path()).len(), 12);
}

#[test]
fn the_sequence_length_binary_runs_its_experiment() {
    let out = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sequence-length"));
    let small = ["seeds=2", "flow_lengths=[10, 20]", "flow_width=8", "lengths=[10]", "steps=3"];
    let smaller = ["sequences=64", "hidden=8", "evaluate_every=3"];
    for pair in small.into_iter().chain(smaller) {
        command.args(["--set", pair]);
    }
    let output = command.arg("--out").arg(out.path()).output().unwrap();
    let report = stdout(&output);
    for part in ["‖∂L/∂h_t‖", "factor per step", "adding problem", "34 trials in"] {
        assert!(report.contains(part), "`{part}` is missing in:\n{report}");
    }
}

#[test]
fn verify_prints_one_table_of_all_verdicts() {
    let out = TempDir::new().unwrap();
    let path = out.path().to_str().unwrap();
    let names = ["verify", "born-dead-relu", "pre-norm-vs-post-norm", "--out", path];
    let table = stdout(&backdraft(&[&names[..], &["--markdown"]].concat()));
    assert!(table.starts_with("| experiment | verdict |"), "{table}");
    assert_eq!(table.matches("| `born-dead-relu` | supported |").count(), 3, "{table}");
    assert!(table.contains("5 claims:"), "{table}");
    // Other seeds are other runs, with the same verdicts.
    let others = [&names[..], &["--first-seed", "5000", "--json"]].concat();
    let records: serde_json::Value = serde_json::from_str(&stdout(&backdraft(&others))).unwrap();
    assert_eq!(records[0]["settings"]["first_seed"], 5000);
    for verdict in records[0]["verdicts"].as_array().unwrap() {
        assert_eq!(verdict["ruling"], "supported");
    }
    refused(&backdraft(&["verify", "born-dead"]), &["did you mean `born-dead-relu`"]);
    refused(&backdraft(&["verify", "--backend", "s"]), &["no back end `s`", "did you mean"]);
    // The system's reason stands once.
    let missing = backdraft(&["run", "born-dead-relu", "--config", "nonesuch.toml"]);
    refused(&missing, &["nonesuch.toml", "No such file"]);
    let told = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert_eq!(told.matches("No such file").count(), 1, "{told}");
}
