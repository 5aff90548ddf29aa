//! Every number among the settings of every experiment, far beyond what anybody wants.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::{backdraft, stdout};

const FACTOR: u64 = 10_000;

/// Limit on the addresses of a process, in KiB.
const LIMIT: u64 = 4_000_000;

/// How long a process may take to refuse its settings or to begin a trial.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a trial that has begun is looked at.
const LOOK: Duration = Duration::from_millis(1_500);

/// One in so many cases is tried, unless all are asked for.
const SAMPLE: usize = 40;

/// An experiment with one setting changed.
struct Case {
    experiment: String,
    key: String,
    value: Value,
}

fn numbers(settings: &Map<String, Value>) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (key, value) in settings {
        match value {
            Value::Object(inner) => {
                let inner = numbers(inner).into_iter();
                found.extend(inner.map(|(part, value)| (format!("{key}.{part}"), value)));
            }
            _ => found.extend(times(value, FACTOR).map(|value| (key.clone(), value))),
        }
    }
    found
}

/// A number, or each of a list, times a factor.
fn times(value: &Value, factor: u64) -> Option<Value> {
    match value {
        Value::Number(number) => Some(match number.as_u64() {
            Some(whole) => (whole.max(1) * factor).into(),
            None => (number.as_f64()? * factor as f64).into(),
        }),
        Value::Array(values) if !values.is_empty() => {
            values.iter().map(|value| times(value, factor)).collect()
        }
        _ => None,
    }
}

fn cases() -> Vec<Case> {
    let list: Value = serde_json::from_str(&stdout(&backdraft(&["list", "--json"]))).unwrap();
    let names = list.as_array().unwrap().iter().map(|about| about["name"].as_str().unwrap());
    let of = |name: &str| {
        let told = stdout(&backdraft(&["describe", name, "--json"]));
        let described: Value = serde_json::from_str(&told).unwrap();
        let found = numbers(described["settings"].as_object().unwrap());
        let experiment = name.to_owned();
        found.into_iter().map(move |(key, value)| Case {
            experiment: experiment.clone(),
            key,
            value,
        })
    };
    names.flat_map(of).collect()
}

/// What became of a case.
enum Fate {
    Begun,
    /// Refused with this line.
    Refused(String),
    Bad(String),
}

fn has_begun(out: &Path) -> Option<()> {
    let experiment = fs::read_dir(out).ok()?.flatten().next()?.path();
    let run = fs::read_dir(experiment).ok()?.flatten().next()?.path();
    fs::read_dir(run.join("measurements")).ok()?.flatten().next().map(|_| ())
}

fn fate(case: &Case) -> Fate {
    let out = TempDir::new().unwrap();
    let said = out.path().join("stderr");
    let limited = format!("ulimit -v {LIMIT}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &limited, env!("CARGO_BIN_EXE_backdraft"), "run", &case.experiment]);
    command.arg("--set").arg(format!("{}={}", case.key, case.value));
    command.args(["--quiet", "--jobs", "2", "--out"]).arg(out.path().join("runs"));
    command.stdout(Stdio::null()).stderr(fs::File::create(&said).unwrap());
    let mut child = command.spawn().unwrap();
    let start = Instant::now();
    let mut begun: Option<Instant> = None;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if begun.is_none() && has_begun(&out.path().join("runs")).is_some() {
            begun = Some(Instant::now());
        }
        if begun.is_some_and(|begun| begun.elapsed() > LOOK) || start.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        sleep(Duration::from_millis(10));
    };
    let said = fs::read_to_string(said).unwrap().trim_end().to_owned();
    let lines = said.lines().count();
    match status.map(|status| status.code()) {
        None if begun.is_some() => Fate::Begun,
        None => Fate::Bad("neither refused nor begun".to_owned()),
        Some(Some(0 | 1)) if lines <= 1 && begun.is_some() => Fate::Begun,
        Some(Some(2)) if lines == 1 && begun.is_none() => Fate::Refused(said),
        Some(_) => Fate::Bad(format!("{status:?}: {said}")),
    }
}

/// The greatest value that a refusal allows: `it must be from 1 to 8192`.
fn greatest(refusal: &str, value: &Value) -> Option<Value> {
    let digits = refusal.rsplit_once(" to ")?.1.replace([',', '_'], "");
    let greatest: Value = serde_json::from_str(digits.trim_end_matches('.')).ok()?;
    match value {
        Value::Array(values) => Some(values.iter().map(|_| greatest.clone()).collect()),
        _ => Some(greatest),
    }
}

/// Tries a case and, where it is out of range, the greatest value within.
fn complaints(case: &Case) -> Vec<String> {
    let mut bad = Vec::new();
    let mut complain = |case: &Case, what: String| {
        bad.push(format!("{} {}={}: {what}", case.experiment, case.key, case.value));
    };
    match fate(case) {
        Fate::Begun => {}
        Fate::Bad(what) => complain(case, what),
        Fate::Refused(line) => {
            if let Some(value) = greatest(&line, &case.value) {
                let (experiment, key) = (case.experiment.clone(), case.key.clone());
                let within = Case { experiment, key, value };
                if let Fate::Bad(what) = fate(&within) {
                    complain(&within, what);
                }
            }
        }
    }
    bad
}

#[test]
fn no_setting_aborts_a_run_however_large_it_is() {
    let is_whole = std::env::var_os("BACKDRAFT_EXTREMES").is_some();
    let cases = cases();
    let sample = if is_whole { 1 } else { SAMPLE };
    let queue = Mutex::new(cases.iter().step_by(sample));
    let bad = Mutex::new(Vec::new());
    scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some(case) = next else { break };
                    let found = complaints(case);
                    found.iter().for_each(|complaint| eprintln!("{complaint}"));
                    bad.lock().unwrap().extend(found);
                }
            });
        }
    });
    let bad = bad.into_inner().unwrap();
    assert!(bad.is_empty(), "{} of {}:\n{}", bad.len(), cases.len(), bad.join("\n"));
}
