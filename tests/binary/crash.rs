//! Kills and signals at random instants, of trainings of several kinds and of a sweep, by two builds of the
//! program in turn: what is measured in the end is what an undisturbed run measures, to the byte.
//!
//! `BACKDRAFT_KILLS` of them, four if not told:
//! `BACKDRAFT_KILLS=100 cargo test --release --workspace --test binary crash -- --nocapture`.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::builds::other_build;
use crate::{backdraft, files, stdout};

/// What is killed: a name, and the arguments but for `--out`.
type Subject = (&'static str, Vec<String>);

fn arguments(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A checkpoint at every other step, so that many kills meet one being written.
fn run(experiment: &str, settings: &[&str]) -> Vec<String> {
    let mut words = vec!["run", experiment, "--quiet", "--seeds", "2", "--checkpoint-every", "2"];
    settings.iter().for_each(|setting| words.extend(["--set", setting]));
    arguments(&words)
}

fn subjects(folder: &Path) -> Vec<Subject> {
    let spec = folder.join("sweep.toml");
    let sweep = "experiment = \"sigmoid-vs-relu\"\nseeds = 2\n[set]\ndepths = [3]\nflow_depth = 3\n\
                 [grid]\nsteps = [40, 60, 80]\n";
    fs::write(&spec, sweep).unwrap();
    let spec = spec.to_str().unwrap();
    vec![
        ("MLP", run("sigmoid-vs-relu", &["depths=[3]", "flow_depth=3", "steps=100"])),
        (
            "ResNet",
            run("degradation", &["depths=[8, 14]", "steps=12", "images=200", "evaluate_every=4"]),
        ),
        (
            "LSTM",
            run(
                "sequence-length",
                &[
                    "flow_lengths=[10, 12]",
                    "lengths=[10]",
                    "steps=30",
                    "sequences=200",
                    "seeds=2",
                    "flow_width=8",
                    "hidden=8",
                    "evaluate_every=10",
                ],
            ),
        ),
        ("sweep", arguments(&["sweep", spec, "--jobs", "2", "--checkpoint-every", "2"])),
    ]
}

/// How a process is ended: signals to its group, one shortly after the other.
const ENDS: [&[&str]; 6] =
    [&["KILL"], &["KILL"], &["KILL"], &["TERM"], &["TERM", "TERM"], &["INT", "INT"]];

fn end(child: &mut Child, signals: &[&str]) {
    let group = format!("-{}", child.id());
    for signal in signals {
        let mut kill = Command::new("kill");
        drop(kill.args(["-s", signal, "--", &group]).stderr(Stdio::null()).status());
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait().unwrap();
}

fn command(program: &Path, arguments: &[String], out: &Path) -> Command {
    let mut command = Command::new(program);
    // A group of its own, so that a sweep is killed with all its processes.
    command.args(arguments).arg("--out").arg(out).process_group(0);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Every file below `out` that a run leaves, but for what holds its times, or was put aside.
fn measured(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let holds_times = |name: &str| name.ends_with("run.json") || name.ends_with("SHA256SUMS");
    let is_measured = |name: &String| {
        !holds_times(name) && !name.ends_with("report.html") && !name.contains(".aside-")
    };
    files(out).into_iter().filter(|(name, _)| is_measured(name)).collect()
}

#[test]
fn crash_after_crash_changes_nothing() {
    let told = std::env::var("BACKDRAFT_KILLS").ok().and_then(|kills| kills.parse().ok());
    let kills: u64 = told.unwrap_or(4);
    let folder = TempDir::new().unwrap();
    let programs = [env!("CARGO_BIN_EXE_backdraft").into(), other_build(folder.path())];
    let subjects = subjects(folder.path());
    let references: Vec<_> = subjects
        .iter()
        .map(|(name, arguments)| {
            let out = folder.path().join(name);
            let start = Instant::now();
            assert!(command(&programs[0], arguments, &out).status().unwrap().success(), "{name}");
            (start.elapsed(), measured(&out))
        })
        .collect();
    let mut state = std::process::id().into();
    let (mut equal, mut caught) = (0, 0);
    for kill in 0..kills {
        let at = kill as usize % subjects.len();
        let ((name, arguments), (duration, reference)) = (&subjects[at], &references[at]);
        let out = folder.path().join(format!("{name}-{kill}"));
        // Up to three kills on the way: each goes on from where the one before it left things, or puts it
        // aside if that was another build.
        for _ in 0..=random(&mut state) % 3 {
            let program = &programs[(random(&mut state) % 2) as usize];
            let mut child = command(program, arguments, &out).spawn().unwrap();
            let instant = duration.mul_f64((random(&mut state) % 1_000) as f64 / 1_000.0);
            std::thread::sleep(instant);
            caught += u64::from(child.try_wait().unwrap().is_none());
            end(&mut child, ENDS[random(&mut state) as usize % ENDS.len()]);
        }
        let last = (random(&mut state) % 2) as usize;
        let status = command(&programs[last], arguments, &out).status().unwrap();
        assert!(status.success(), "{name}, kill {kill}: {status}");
        let same = measured(&out) == *reference;
        assert!(same, "{name}, kill {kill}: the record in {} differs", folder.keep().display());
        stdout(&backdraft(&["check", "--out", out.to_str().unwrap()]));
        // What is closed stays as it is, whichever build comes next.
        let closed = files(&out);
        assert!(command(&programs[1 - last], arguments, &out).status().unwrap().success());
        assert!(files(&out) == closed, "{name}, kill {kill}: a closed record was changed");
        fs::remove_dir_all(&out).unwrap();
        equal += 1;
    }
    println!(
        "{equal} of {kills} records equal the undisturbed ones; {caught} kills met a live process"
    );
    assert!(caught > 0 && Duration::ZERO < references[0].0);
}

/// SplitMix64.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 31
}
