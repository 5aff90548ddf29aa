//! Every command with an output that is full, closed, or missing.

use std::fs::{self, OpenOptions};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{backdraft, stdout};

/// A folder with two small runs, the description of a sweep, and a batch.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        for more in [&[][..], &["--set", "first_seed=9"]] {
            stdout(&place.command(&[&Self::RUN[..], more].concat()).output().unwrap());
        }
        stdout(&place.command(&Self::TRAINED).output().unwrap());
        let sweep = "experiment = \"born-dead-relu\"\nseeds = 2\n[grid]\nfirst_seed = [0, 9]\n";
        fs::write(place.0.path().join("sweep.toml"), sweep).unwrap();
        fs::write(place.0.path().join("batch.csv"), "a,b,y\n1,2,0\n3,4,1\n5,6,0\n").unwrap();
        place
    }

    const RUN: [&str; 4] = ["run", "born-dead-relu", "--seeds", "2"];
    /// A run that trains, in a folder of its own.
    const TRAINED: [&str; 12] = [
        "run",
        "sigmoid-vs-relu",
        "--seeds",
        "2",
        "--set",
        "depths=[3]",
        "--set",
        "flow_depth=3",
        "--set",
        "steps=20",
        "--out",
        "trained",
    ];

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
        command.args(arguments).current_dir(self.0.path());
        command
    }

    /// The ids of the two runs.
    fn ids(&self) -> [String; 2] {
        let runs = fs::read_dir(self.0.path().join("runs/born-dead-relu")).unwrap();
        let ids = runs.map(|run| run.unwrap().file_name().into_string().unwrap());
        ids.collect::<Vec<_>>().try_into().unwrap()
    }

    /// Every command that ends by itself, in each of its forms; all say something.
    fn commands(&self) -> Vec<Vec<String>> {
        let [first, second] = &self.ids();
        let lines = [
            "--help",
            "--version",
            "help run",
            "list",
            "list --json",
            "list --runs",
            "list --runs --json",
            "describe degradation",
            "describe degradation --json",
            "run born-dead-relu --seeds 2",
            "run born-dead-relu --seeds 2 --json",
            "run born-dead-relu --seeds 2 --quiet",
            "verify pre-norm-vs-post-norm --out verified",
            "verify pre-norm-vs-post-norm --out verified --markdown",
            "verify pre-norm-vs-post-norm --out verified --json",
            "show latest",
            "show latest --json",
            "sweep sweep.toml --jobs 1",
            "sweep status sweep.toml",
            "sweep collect runs --csv table.csv",
            "check",
            "report latest",
            "theory --activation tanh --width 64",
            "theory --activation tanh --json",
            &format!("compare {first} {second}"),
            &format!("compare {first} {second} --json"),
            "compare --trace sigmoid-vs-relu sigmoid-vs-relu --out trained",
            "replay sigmoid-vs-relu network-relu.optimizer-adam.depth-3.seed-0 --at 4 --out trained",
            "figure latest dead-by-layer --out plot.svg",
            "export latest --format csv --out rows.csv",
            "zoo",
            "zoo --json",
            "xray --model mlp --set inputs=2 --batch batch.csv --target y",
            "xray --model mlp --set inputs=2 --batch batch.csv --target y --json",
            "diagnose runs",
            "diagnose runs --json",
            "data list",
            "data check digits",
            "data check batch.csv --target y",
            "benchmark diagnosis --quick",
            "benchmark diagnosis --quick --json",
            "backends",
            "backends --json",
            "new my-lab",
            "completions bash",
            "completions zsh",
        ];
        lines.map(|line| line.split(' ').map(str::to_owned).collect()).to_vec()
    }
}

/// What was said on standard error, but for how long an experiment took or a replay will take.
fn told(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr);
    let is_note = |line: &str| {
        line.starts_with("pre-norm-vs-post-norm: ")
            || line.starts_with("no checkpoint before step ")
    };
    let lines = told.lines().filter(|line| !is_note(line));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_list_has_every_command() {
    let help = stdout(&backdraft(&["--help"]));
    let commands = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<&str> = names.map(|line| line.split_whitespace().next().unwrap()).collect();
    assert!(names.len() > 15, "{names:?}");
    let place = Place::new();
    let listed = place.commands();
    for name in names {
        // The server does not end by itself, and has a test of its own.
        let is_listed = listed.iter().any(|command| command[0] == name);
        assert!(is_listed || name == "serve", "`{name}` is not in the list");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_standard_output_is_exit_code_1_and_one_line() {
    let place = Place::new();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut commands = place.commands();
    commands.push(["serve", "--port", "0"].map(str::to_owned).to_vec());
    for command in commands {
        let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        let output = place.command(&arguments).stdout(full()).output().unwrap();
        let told = told(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert_eq!(told.trim_end().lines().count(), 1, "{arguments:?}: {told}");
        for part in ["error: cannot write to standard output: No space left", "make room"] {
            assert!(told.contains(part), "{arguments:?}: `{part}` is missing in: {told}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::new();
    for command in place.commands() {
        let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        let mut command = place.command(&arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), told(&output).as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_standard_error_that_is_full_changes_no_exit_code() {
    let place = Place::new();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    for (line, code) in [
        ("run nonesuch", 2),
        ("run", 2),
        ("verify pre-norm-vs-post-norm", 0),
        ("list --runs --out nonesuch", 0),
        ("check --out nonesuch", 2),
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let output = place.command(&arguments).stderr(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{line}");
        let both = place.command(&arguments).stdout(full()).stderr(full()).output().unwrap();
        assert!(both.status.code().is_some(), "{line}");
    }
}

#[test]
fn a_server_goes_on_without_a_reader() {
    let place = Place::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = place.command(&["serve", "--port", &port.to_string()]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let start = Instant::now();
    let is_served = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(_) => break true,
            Err(_) if start.elapsed() > Duration::from_secs(30) => break false,
            Err(_) => sleep(Duration::from_millis(20)),
        }
    };
    assert_eq!(child.try_wait().unwrap(), None);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_served);
}

/// Stacks that no system has memory for: no thread can be started.
#[test]
#[cfg(target_os = "linux")]
fn without_threads_the_work_is_done_by_the_one_that_there_is() {
    let run = |out: &TempDir, arguments: &[&str], stack: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
        command.args(arguments).arg("--out").arg(out.path());
        if let Some(stack) = stack {
            command.env("RUST_MIN_STACK", stack);
        }
        command.output().unwrap()
    };
    let measured = |out: &TempDir| {
        let experiment = fs::read_dir(out.path()).unwrap().next().unwrap().unwrap().path();
        let run = fs::read_dir(experiment).unwrap().next().unwrap().unwrap().path();
        let files = fs::read_dir(run.join("measurements")).unwrap().map(|file| file.unwrap());
        let mut files: Vec<_> =
            files.map(|file| (file.file_name(), fs::read(file.path()).unwrap())).collect();
        files.sort();
        files
    };
    const NONE: Option<&str> = Some("70368744177664");
    const TRAINING: [&str; 12] = [
        "run",
        "training",
        "--quiet",
        "--jobs",
        "1",
        "--seeds",
        "2",
        "--set",
        "steps=2",
        "--set",
        "examples=64",
        "--set=evaluations=1",
    ];
    for arguments in [
        &["run", "born-dead-relu", "--seeds", "2", "--quiet", "--jobs", "8"][..],
        &["verify", "pre-norm-vs-post-norm", "--jobs", "8"],
        // Convolutions and sequences are what kernels start threads for.
        &[&TRAINING[..], &["--set", "model=resnet", "--set", "network.stages=[1,1,1]"]].concat(),
        &[&TRAINING[..], &["--set", "model=lstm", "--set", "data=adding"]].concat(),
    ] {
        let (limited, free) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let output = run(&limited, arguments, NONE);
        assert!(!told(&output).contains("panic"), "{}", told(&output));
        stdout(&output);
        stdout(&run(&free, arguments, None));
        assert_eq!(measured(&limited), measured(&free), "{arguments:?}");
    }
    // Processes that could not be stopped are not started.
    let out = TempDir::new().unwrap();
    let sweep = out.path().join("sweep.toml");
    fs::write(&sweep, "experiment = \"born-dead-relu\"\n[grid]\nseeds = [2, 3]\n").unwrap();
    let output = run(&out, &["sweep", sweep.to_str().unwrap(), "--jobs", "2"], NONE);
    let told = told(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot start a thread") && !told.contains("panic"), "{told}");
}

/// As with `>&-`: the system gives the descriptor to the next file that is opened, unless the program
/// sees to it.
#[test]
#[cfg(unix)]
fn a_standard_output_that_was_never_open_harms_no_file() {
    let place = Place::new();
    let program = env!("CARGO_BIN_EXE_backdraft");
    let script = format!("'{program}' export latest --format csv --out rows.csv >&- 2>&-");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(place.0.path());
    assert!(command.status().unwrap().success());
    let rows = fs::read_to_string(place.0.path().join("rows.csv")).unwrap();
    assert!(rows.starts_with("schema,") && !rows.contains("rows.csv"));
}
