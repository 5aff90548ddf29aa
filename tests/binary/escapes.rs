//! Text from elsewhere that could steer a terminal or deceive its reader is shown escaped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use tempfile::TempDir;

use crate::{backdraft, refused, stdout};

/// Clears the screen, twice; sets the title; deletes; turns the direction of reading.
const HOSTILE: &str = "\u{1b}[2J\u{9b}2J\u{1b}]0;title\u{7}\u{7f}\u{202e}";
/// How the start of it is shown.
const SHOWN: &str = r"\u{1b}[2J\u{9b}2J";

fn is_plain(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') || c == '\n'
}

/// Asserts that all that a command says is plain, and that it shows what it was given.
fn shows(output: &Output) {
    let said = [&output.stdout[..], &output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(said.chars().all(is_plain), "{}", said.escape_debug());
    assert!(said.contains(SHOWN), "{said}");
    assert!(!said.contains("panic"), "{said}");
}

fn run(out: &Path, more: &[&str]) -> Output {
    let out = out.to_str().unwrap();
    backdraft(&[&["run", "born-dead-relu", "--quiet", "--seeds", "2", "--out", out], more].concat())
}

/// The folder of the only run of an experiment.
fn folder(out: &Path) -> PathBuf {
    let id = fs::read_dir(out.join("born-dead-relu")).unwrap().next().unwrap().unwrap();
    id.path()
}

#[test]
fn arguments_are_escaped() {
    let hostile = |before: &str, after: &str| format!("{before}{HOSTILE}{after}");
    for arguments in [
        &[&hostile("", "")[..]][..],
        &["run", &hostile("", "")],
        &["run", "born-dead-relu", &hostile("--", "")],
        &["run", "born-dead-relu", "--set", &hostile("", "=1")],
        &["run", "born-dead-relu", "--set", &hostile("seeds=", "")],
        &["run", "born-dead-relu", "--set", &hostile("", "")],
        &["run", "born-dead-relu", "--preset", &hostile("", "")],
        &["run", "born-dead-relu", &hostile("--preset=", "")],
        &["run", "born-dead-relu", "--backend", &hostile("", "")],
        &["run", "born-dead-relu", "--config", &hostile("", "")],
        &["show", &hostile("", "")],
        &["list", "--runs", "--out", &hostile("", "")],
        &["check", &hostile("", "")],
        &["sweep", &hostile("", "")],
        &["theory", "--activation", &hostile("", "")],
        &["xray", "--model", &hostile("", ""), "--batch", "x"],
        &["xray", "--model", "mlp", "--batch", &hostile("", ".csv"), "--target", "y"],
        &["data", "check", &hostile("", "")],
        &["data", "check", &hostile("", ".csv"), "--target", "y"],
        &["backends", "--check", &hostile("", "")],
        &["serve", "--host", &hostile("", "")],
    ] {
        shows(&backdraft(arguments));
    }
}

#[test]
fn configurations_and_sweeps_are_escaped() {
    let place = TempDir::new().unwrap();
    let escaped = HOSTILE.escape_unicode().to_string().replace("\\u{", "\\U").replace('}', "");
    let quoted: String =
        escaped.split("\\U").skip(1).map(|digits| format!("\\U{digits:0>8}")).collect();
    let file = place.path().join("file.toml");
    let path = file.to_str().unwrap();
    for text in [format!("\"{quoted}\" = 1"), format!("seeds = \"{quoted}\""), HOSTILE.to_owned()] {
        fs::write(&file, text).unwrap();
        let output = backdraft(&["run", "born-dead-relu", "--config", path]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.chars().all(is_plain), "{}", said.escape_debug());
    }
    let experiment = "experiment = \"training\"\nseeds = 2\n[grid]\n";
    for text in [
        format!("experiment = \"{quoted}\""),
        format!("{experiment}\"{quoted}\" = [1]"),
        format!("{experiment}\"{quoted}\" = []"),
        format!("{experiment}data = [\"{quoted}\"]"),
    ] {
        fs::write(&file, text).unwrap();
        shows(&backdraft(&["sweep", path]));
    }
}

#[test]
fn records_are_escaped() {
    let out = TempDir::new().unwrap();
    stdout(&run(out.path(), &[]));
    stdout(&run(out.path(), &["--set", "first_seed=7"]));
    let path = out.path().to_str().unwrap();
    let runs = fs::read_dir(out.path().join("born-dead-relu")).unwrap();
    let runs: Vec<PathBuf> = runs.map(|run| run.unwrap().path()).collect();
    let hostile = serde_json::to_string(HOSTILE).unwrap();
    for run in &runs {
        let text = fs::read_to_string(run.join("run.json")).unwrap();
        let mut manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
        for key in ["id", "command", "device", "backend"] {
            manifest[key] = HOSTILE.into();
        }
        manifest["versions"]["platform"] = HOSTILE.into();
        for verdict in manifest["verdicts"].as_array_mut().unwrap() {
            for key in ["claim", "statement", "evidence", "rule"] {
                verdict[key] = HOSTILE.into();
            }
            verdict["effect"]["name"] = HOSTILE.into();
        }
        fs::write(run.join("run.json"), manifest.to_string()).unwrap();
        let trial = fs::read_dir(run.join("measurements")).unwrap().next().unwrap().unwrap();
        let rows = fs::read_to_string(trial.path()).unwrap();
        let failed = format!("{{\"failed\":{{\"message\":{hostile}}}}}");
        let rows = rows.replace("\"end\":\"finished\"", &format!("\"end\":{failed}"));
        fs::write(trial.path(), rows).unwrap();
    }
    let [first, second] = [0, 1].map(|index: usize| runs[index].to_str().unwrap());
    for command in [
        &["show", "latest", "--out", path][..],
        &["list", "--runs", "--out", path],
        &["check", "--out", path],
        &["compare", first, second],
    ] {
        shows(&backdraft(command));
    }
    // As JSON the value stays what it was.
    for command in [&["show", first, "--json"][..], &["list", "--runs", "--json", "--out", path]] {
        let said = stdout(&backdraft(command));
        assert!(said.chars().all(is_plain), "{}", said.escape_debug());
        let record: serde_json::Value = serde_json::from_str(&said).unwrap();
        let record = if record.is_array() { &record[0] } else { &record };
        assert_eq!(record["command"], HOSTILE);
    }
    // A line that is none is told with what is in it.
    let trial = fs::read_dir(Path::new(first).join("measurements")).unwrap().next().unwrap();
    let trial = trial.unwrap().path();
    let rows = fs::read_to_string(&trial).unwrap();
    fs::write(&trial, rows.replacen("\"quantity\"", &hostile, 1)).unwrap();
    let said = backdraft(&["show", first]);
    let said = String::from_utf8([said.stdout, said.stderr].concat()).unwrap();
    assert!(said.chars().all(is_plain), "{}", said.escape_debug());
}

#[test]
fn names_in_files_are_escaped() {
    let place = TempDir::new().unwrap();
    let file = |name: &str| place.path().join(name);
    let table = file("t.csv");
    fs::write(&table, format!("{HOSTILE},y\n1,{HOSTILE}\n2,b\n")).unwrap();
    shows(&backdraft(&["data", "check", table.to_str().unwrap(), "--target", "y"]));
    fs::write(&table, format!("a,y\n{HOSTILE},1\n")).unwrap();
    let refused = backdraft(&["data", "check", table.to_str().unwrap(), "--target", "y"]);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.chars().all(is_plain) && told.contains("[2J"), "{}", told.escape_debug());

    let weights = file("w.safetensors");
    let value = 1f32.to_le_bytes();
    let tensor = TensorView::new(Dtype::F32, vec![1], &value).unwrap();
    serialize_to_file([(HOSTILE, tensor)], None, &weights).unwrap();
    fs::write(&table, "a,y\n1,1\n2,0\n").unwrap();
    let xray = ["xray", "--model", "mlp", "--set", "inputs=1", "--target", "y"];
    let files = ["--batch", table.to_str().unwrap(), "--weights", weights.to_str().unwrap()];
    shows(&backdraft(&[&xray[..], &files].concat()));
}

/// A path goes to a script byte by byte, for it is going to be opened.
#[test]
#[cfg(unix)]
fn a_path_that_a_script_takes_on_stays_what_it_is() {
    let place = TempDir::new().unwrap();
    let out = place.path().join("it's \u{1b}[2J σ");
    let path = stdout(&run(&out, &[])).trim_end().to_owned();
    assert_eq!(Path::new(&path), folder(&out));
    // For a person it is escaped.
    let output = backdraft(&["check", "--out", out.to_str().unwrap()]);
    assert!(stdout(&output).contains(r"it's \u{1b}[2J σ"));
}

/// The command that goes on is read by a shell.
#[test]
#[cfg(unix)]
fn a_command_that_is_told_is_one_for_a_shell() {
    let place = TempDir::new().unwrap();
    let out = place.path().join("it's $HOME `here`");
    stdout(&run(&out, &[]));
    let told = stdout(&backdraft(&["show", "latest", "--out", out.to_str().unwrap()]));
    let repeat = told.lines().find_map(|line| line.strip_prefix("repeat: ")).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_backdraft")).parent().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("PATH='{}':$PATH; {repeat} --quiet", program.display())]);
    let again = stdout(&command.current_dir(place.path()).output().unwrap());
    assert_eq!(
        Path::new(again.trim()).canonicalize().unwrap(),
        folder(&out).canonicalize().unwrap()
    );
}

#[test]
fn long_arguments_are_quoted_in_part() {
    let long = "x".repeat(100_000);
    for arguments in [
        &["run", &long][..],
        &["run", "training", "--set", &format!("{long}=1")],
        &["run", "training", "--set", &format!("steps={long}")],
        &["run", "training", "--set", &format!("model={long}")],
        &["run", "training", "--set", &long],
        &["run", "training", "--backend", &long],
        &["show", &long],
        &["data", "check", &long],
        &["xray", "--model", &long, "--batch", "x"],
    ] {
        let output = backdraft(arguments);
        let told = String::from_utf8(output.stderr.clone()).unwrap();
        refused(&output, &[&format!("{}…", "x".repeat(40))]);
        assert!(told.len() < 1_000 && !told.contains(&"x".repeat(81)), "{told}");
    }
    for arguments in [&[&long[..]][..], &["run", "x", "--preset", &long], &["theory", &long]] {
        let output = backdraft(arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && told.len() < 1_000, "{told:.2000}");
    }
}
