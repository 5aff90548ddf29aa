//! Every command ends when it is asked to: in order if there is something to keep, at once otherwise
//! and when it is asked twice.

#![cfg(unix)]

use std::fs;
use std::io::{PipeReader, Write, pipe};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{backdraft, stdout};

/// What "at once" means.
const AT_ONCE: Duration = Duration::from_secs(1);

/// What ends with an error where only one back end is built in.
const NOTHING_TO_COMPARE: &[&str] = &["backends", "--check"];

/// What a training takes at most from the opening of its record to its first step.
const BEGINNING: Duration = Duration::from_secs(3);

/// A network of which one step of training takes many seconds.
const SLOW: &[&str] = &[
    "model=lstm",
    "data=adding",
    "length=3000",
    "examples=64",
    "network.hidden=256",
    "evaluations=1",
    "observations=1",
];

/// Data that take many seconds to generate, but little memory.
const LONG_TO_PREPARE: &[&str] =
    &["model=mlp", "data=adding", "length=30000", "examples=2000", "network.width=2"];

fn training(settings: &[&'static str], out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
    command.args(["run", "training", "--quiet", "--jobs", "1", "--seeds", "2"]);
    for setting in settings {
        command.args(["--set", setting]);
    }
    command.arg("--out").arg(out).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The signals that ask to stop; hangups are ignored where the tests were started by `nohup`.
fn signals() -> Vec<&'static str> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0");
    let is_nohup = u64::from_str_radix(ignored.trim(), 16).unwrap() & 1 == 1;
    let mut signals = vec!["INT", "TERM", "HUP"];
    signals.truncate(if is_nohup { 2 } else { 3 });
    signals
}

fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
}

/// Waits for the end of a process that has been asked to end, and tells how long that took, less the time by
/// which this process was woken too late meanwhile: so much the other one waited for a core as well.
fn end_of(child: &mut Child) -> (ExitStatus, Duration) {
    const PERIOD: Duration = Duration::from_millis(5);
    let start = Instant::now();
    let mut late = Duration::ZERO;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return (status, start.elapsed().saturating_sub(late));
        }
        if start.elapsed() > Duration::from_secs(20) {
            // Its end is then too late for every test.
            child.kill().unwrap();
        }
        let asleep = Instant::now();
        sleep(PERIOD);
        late += asleep.elapsed().saturating_sub(2 * PERIOD);
    }
}

/// Waits until a trial has opened its record.
pub(crate) fn wait_for_a_trial(out: &Path) {
    let start = Instant::now();
    let is_there = || {
        let experiment = fs::read_dir(out).ok()?.flatten().next()?.path();
        let run = fs::read_dir(experiment).ok()?.flatten().next()?.path();
        fs::read_dir(run.join("measurements")).ok()?.flatten().next()
    };
    while is_there().is_none() {
        assert!(start.elapsed() < Duration::from_secs(60), "no trial in a minute");
        sleep(Duration::from_millis(5));
    }
}

/// A pipe that takes nothing more: whoever prints into it waits.
fn full_pipe() -> (PipeReader, Stdio) {
    let (reader, mut writer) = pipe().unwrap();
    let capacity = 1 << 16;
    writer.write_all(&vec![b'x'; capacity]).unwrap();
    (reader, writer.into())
}

/// The names of all commands, as the help lists them.
fn commands() -> Vec<String> {
    let help = stdout(&backdraft(&["--help"]));
    let listed = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// A trial of `sigmoid-vs-relu`.
const REPLAYED: &str = "network-relu.optimizer-adam.depth-3.seed-0";

#[test]
#[expect(clippy::too_many_lines, reason = "a table of commands")]
fn every_command_that_waits_ends_at_once_at_the_first_signal() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("runs");
    let out = out.to_str().unwrap();
    stdout(&backdraft(&["run", "born-dead-relu", "--seeds", "2", "--quiet", "--out", out]));
    let trained = folder.path().join("trained");
    let trained = trained.to_str().unwrap();
    let small =
        ["--seeds", "2", "--set", "depths=[3]", "--set", "flow_depth=3", "--set", "steps=20"];
    let start = ["run", "sigmoid-vs-relu", "--quiet", "--out", trained];
    stdout(&backdraft(&[&start[..], &small].concat()));
    let figures = folder.path().join("figure.svg");
    let rows = folder.path().join("rows.csv");
    let rows = rows.to_str().unwrap();
    let batch = folder.path().join("batch.csv");
    fs::write(&batch, "a,b\n1,0.5\n2,0.25\n").unwrap();
    let batch = batch.to_str().unwrap();
    let fresh = folder.path().join("my-lab");
    let fresh = fresh.to_str().unwrap();
    let spec = folder.path().join("sweep.toml");
    fs::write(&spec, "experiment = \"born-dead-relu\"\nseeds = 2\n[grid]\nwidth = [4]\n").unwrap();
    let spec = spec.to_str().unwrap();
    let lines: Vec<Vec<&str>> = vec![
        vec!["list", "--out", out],
        vec!["describe", "born-dead-relu"],
        vec!["run", "born-dead-relu", "--seeds", "2", "--out", out],
        vec!["verify", "born-dead-relu", "--out", out],
        vec!["show", "latest", "--out", out],
        vec!["sweep", spec, "--out", out],
        vec!["sweep", "collect", out],
        vec!["check", "latest", "--out", out],
        vec!["serve", "--port", "0", "--out", out],
        vec!["compare", "latest", "latest", "--out", out],
        vec![
            "figure",
            "latest",
            "dead-by-layer",
            "--out",
            figures.to_str().unwrap(),
            "--runs",
            out,
        ],
        vec!["export", "latest", "--format", "csv", "--out", rows, "--runs", out],
        vec!["report", "latest", "--out", out],
        vec!["theory", "--activation", "tanh"],
        vec!["zoo", "--check"],
        vec!["data", "list"],
        vec!["xray", "--model", "mlp", "--set", "inputs=1", "--batch", batch, "--target", "b"],
        vec!["backends", "--check"],
        vec!["diagnose", out],
        vec!["replay", "latest", REPLAYED, "--at", "4", "--out", trained],
        vec!["benchmark", "diagnosis", "--quick"],
        vec!["new", fresh],
        vec!["completions", "bash"],
    ];
    for command in commands() {
        assert!(lines.iter().any(|line| line[0] == command), "`{command}` is not tried");
    }
    for line in &lines {
        scope(|scope| {
            for name in signals() {
                scope.spawn(move || {
                    let (_unread, full) = full_pipe();
                    let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
                    command.args(line).stdout(full).stderr(Stdio::null());
                    let mut child = command.spawn().unwrap();
                    sleep(Duration::from_millis(300));
                    if child.try_wait().unwrap().is_some() {
                        // Everything else waits for its reader.
                        assert!(line[..] == *NOTHING_TO_COMPARE, "{line:?} has ended before");
                        return;
                    }
                    signal(&child, name);
                    let (status, time) = end_of(&mut child);
                    assert!(!status.success(), "{line:?} {name}: {status}");
                    assert!(time < AT_ONCE, "{line:?} {name}: {time:?}");
                });
            }
        });
    }
}

/// Waits until a process has computed for so long.
fn wait_for_work(child: &Child, work: Duration) {
    let start = Instant::now();
    let ticks = || {
        let text = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
        let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
        fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>()
    };
    // A hundred a second, on every Linux.
    while Duration::from_millis(10 * ticks()) < work {
        assert!(start.elapsed() < Duration::from_secs(60), "no work in a minute");
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_check_that_computes_ends_at_once_at_the_first_signal() {
    if !cfg!(target_os = "linux") {
        return;
    }
    for line in [&["zoo", "--check"][..], NOTHING_TO_COMPARE] {
        for name in signals() {
            let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
            let mut child =
                command.args(line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            if line == NOTHING_TO_COMPARE && cfg!(not(feature = "ndarray")) {
                assert_eq!(child.wait().unwrap().code(), Some(2), "one back end is not compared");
                continue;
            }
            wait_for_work(&child, Duration::from_millis(200));
            assert!(child.try_wait().unwrap().is_none(), "{line:?} computes");
            signal(&child, name);
            let (status, time) = end_of(&mut child);
            assert!(!status.success() && time < AT_ONCE, "{line:?} {name}: {status} in {time:?}");
        }
    }
}

#[test]
fn what_reads_its_input_from_a_pipe_ends_at_once_at_the_first_signal() {
    let folder = TempDir::new().unwrap();
    let fifo = folder.path().join("fifo.csv");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let (fifo, out) = (fifo.to_str().unwrap(), folder.path().join("runs"));
    let out = out.to_str().unwrap();
    let lines = [
        vec!["run", "training", "--config", fifo, "--out", out],
        vec!["sweep", fifo, "--out", out],
        vec!["sweep", "status", fifo],
        vec!["xray", "--model", "mlp", "--batch", fifo, "--target", "a"],
    ];
    for line in lines {
        for name in signals() {
            let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
            let mut child = command.args(&line).stderr(Stdio::null()).spawn().unwrap();
            sleep(Duration::from_millis(200));
            assert!(child.try_wait().unwrap().is_none(), "{line:?} waits for its input");
            signal(&child, name);
            let (status, time) = end_of(&mut child);
            assert!(!status.success() && time < AT_ONCE, "{line:?} {name}: {status} in {time:?}");
        }
    }
    assert!(!Path::new(out).exists(), "nothing was written");
}

#[test]
fn a_run_that_prepares_its_data_ends_at_once_at_the_first_signal() {
    scope(|scope| {
        for name in signals() {
            scope.spawn(move || {
                let out = TempDir::new().unwrap();
                let mut child = training(LONG_TO_PREPARE, out.path()).spawn().unwrap();
                sleep(Duration::from_secs(1));
                assert!(child.try_wait().unwrap().is_none(), "the data take longer");
                signal(&child, name);
                let (status, time) = end_of(&mut child);
                assert_eq!(status.code(), Some(130), "{name}");
                assert!(time < AT_ONCE, "{name}: {time:?}");
            });
        }
    });
}

#[test]
fn any_two_signals_end_a_training_at_once() {
    for first in signals() {
        scope(|scope| {
            for second in signals() {
                scope.spawn(move || {
                    let out = TempDir::new().unwrap();
                    let mut child = training(SLOW, out.path()).spawn().unwrap();
                    wait_for_a_trial(out.path());
                    sleep(BEGINNING);
                    signal(&child, first);
                    sleep(Duration::from_millis(300));
                    assert!(child.try_wait().unwrap().is_none(), "{first} ends a step in order");
                    signal(&child, second);
                    let (status, time) = end_of(&mut child);
                    assert_eq!(status.code(), Some(130), "{first} {second}");
                    assert!(time < AT_ONCE, "{first} {second}: {time:?}");
                });
            }
        });
    }
}

/// The processes that a process has started, as Linux lists them.
fn children(pid: u32) -> Vec<u32> {
    let is_child = |path: &Path| {
        let status = fs::read_to_string(path.join("status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        let is_zombie = field("State:")?.trim().starts_with('Z');
        let parent: u32 = field("PPid:")?.trim().parse().ok()?;
        (parent == pid && !is_zombie).then_some(())?;
        path.file_name()?.to_str()?.parse().ok()
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|process| is_child(&process.path())).collect()
}

#[test]
fn two_signals_end_a_sweep_with_its_processes() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let spec = folder.path().join("sweep.toml");
    let settings = SLOW.iter().map(|setting| {
        let (key, value) = setting.split_once('=').unwrap();
        let quote = if value.parse::<u64>().is_ok() { "" } else { "\"" };
        format!("{key} = {quote}{value}{quote}\n")
    });
    let settings: String = settings.collect();
    let text = format!(
        "experiment = \"training\"\nseeds = 2\n[set]\n{settings}[grid]\nrate = [0.1, 0.2]\n"
    );
    fs::write(&spec, text).unwrap();
    let out = folder.path().join("runs");
    let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
    command.arg("sweep").arg(&spec).args(["--jobs", "2", "--threads", "1", "--quiet"]);
    command.arg("--out").arg(&out).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    wait_for_a_trial(&out);
    sleep(BEGINNING);
    let workers = children(child.id());
    assert_eq!(workers.len(), 2);
    signal(&child, "TERM");
    sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "the processes end their steps in order");
    signal(&child, "HUP");
    let (status, time) = end_of(&mut child);
    assert_eq!(status.code(), Some(130));
    assert!(time < AT_ONCE, "{time:?}");
    sleep(Duration::from_millis(200));
    for worker in workers {
        let status = fs::read_to_string(format!("/proc/{worker}/status")).unwrap_or_default();
        let is_gone = status.is_empty() || status.contains("State:\tZ");
        assert!(is_gone, "process {worker} goes on: {status}");
    }
}
