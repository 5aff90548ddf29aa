//! Twice the measurements take at most about twice the time, and many runs no more memory than few.

#![cfg(target_os = "linux")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{backdraft, stdout};

/// Rows that are added to a trial of the smaller record.
const ROWS: usize = 100_000;

/// What a process took.
struct Took {
    /// User time, so that other processes count little.
    time: Duration,
    /// The most memory that it had, in KiB.
    memory: u64,
}

fn small_run(out: &Path) -> PathBuf {
    let mut arguments = vec!["run", "training", "--seeds", "2", "--quiet"];
    for setting in ["steps=4", "evaluations=1", "network.width=4", "network.depth=1"] {
        arguments.extend(["--set", setting]);
    }
    arguments.extend(["--out", out.to_str().unwrap()]);
    PathBuf::from(stdout(&backdraft(&arguments)).trim())
}

/// Copies a record, whose trials get so many steps more. It is then no longer sealed.
fn copy(run: &Path, target: &Path, more: usize) {
    fs::create_dir_all(target.join("measurements")).unwrap();
    let manifest = fs::read_to_string(run.join("run.json")).unwrap();
    let [old, new] = [run, target].map(|folder| folder.file_name().unwrap().to_str().unwrap());
    fs::write(target.join("run.json"), manifest.replace(old, new)).unwrap();
    for trial in fs::read_dir(run.join("measurements")).unwrap().map(|entry| entry.unwrap().path())
    {
        let text = fs::read_to_string(&trial).unwrap();
        let (rows, end) = text.trim_end().rsplit_once('\n').unwrap();
        let mut grown = format!("{rows}\n");
        for step in 1_000..1_000 + more {
            let row = format!("\"step\":{step},\"quantity\":\"loss\",\"subject\":\"network\"");
            writeln!(grown, "{{{row},\"value\":0.5}}").unwrap();
        }
        let name = trial.file_name().unwrap();
        fs::write(target.join("measurements").join(name), format!("{grown}{end}\n")).unwrap();
    }
}

/// Runs a command to its end.
fn run(arguments: &[&str]) -> Took {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
    let mut child = command.args(arguments).stdout(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    let read =
        |file: &str| fs::read_to_string(format!("/proc/{}/{file}", child.id())).unwrap_or_default();
    let mut took = Took { time: Duration::ZERO, memory: 0 };
    loop {
        // A process that has ended is there until it is waited for, without its memory.
        let (status, stat) = (read("status"), read("stat"));
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|kib| kib.split_whitespace().next()?.parse().ok());
        took.memory = took.memory.max(peak.unwrap_or(0));
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: Option<u64> = fields.nth(11).and_then(|ticks| ticks.parse().ok());
        took.time = Duration::from_millis(10 * ticks.unwrap_or(0));
        if status.contains("State:\tZ") {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(120), "{arguments:?} takes too long");
        sleep(Duration::from_millis(5));
    }
    assert!(child.wait().unwrap().success(), "{arguments:?}");
    took
}

#[test]
fn twice_the_rows_are_read_and_drawn_in_about_twice_the_time() {
    let folder = TempDir::new().unwrap();
    let run_folder = small_run(&folder.path().join("runs"));
    let grown = [ROWS, 2 * ROWS].map(|rows| {
        let name = run_folder.file_name().unwrap();
        let target = folder.path().join(rows.to_string()).join("training").join(name);
        copy(&run_folder, &target, rows);
        target.to_str().unwrap().to_owned()
    });
    let page = folder.path().join("compared.html");
    let small = run_folder.to_str().unwrap();
    for command in ["report", "show", "compare"] {
        let [half, whole] = grown.each_ref().map(|record| {
            let arguments = match command {
                "compare" => vec!["compare", record, small, "--html", page.to_str().unwrap()],
                _ => vec![command, record],
            };
            run(&arguments)
        });
        let (half_time, time) = (half.time.as_secs_f64(), whole.time.as_secs_f64());
        eprintln!("{command}: {half_time:.2} s, {time:.2} s, {} MiB", whole.memory >> 10);
        assert!(time < 3.0 * half_time + 0.3, "{command}: {half_time} s became {time} s");
        assert!(whole.memory < 700 << 10, "{command}: {} KiB", whole.memory);
    }
}

#[test]
fn many_runs_are_collected_in_the_memory_of_few() {
    let folder = TempDir::new().unwrap();
    let small = small_run(&folder.path().join("runs"));
    let csv = folder.path().join("all.csv");
    let collect = |copies: usize| {
        let mut arguments = vec!["sweep".to_owned(), "collect".to_owned(), "--csv".to_owned()];
        arguments.push(csv.to_str().unwrap().to_owned());
        for index in 0..copies {
            let shard = folder.path().join(format!("shard{index}"));
            if !shard.exists() {
                copy(&small, &shard.join("training").join(format!("{index:012x}")), 3_000);
            }
            arguments.push(shard.to_str().unwrap().to_owned());
        }
        run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).memory
    };
    let (few, many) = (collect(10), collect(160));
    eprintln!("10 runs {few} KiB, 160 runs {many} KiB");
    // Held at once, 960,000 rows would take far more.
    assert!(many < few + (60 << 10), "{few} KiB became {many} KiB");
}
