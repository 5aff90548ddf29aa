//! Settings that ask for more memory than there is.

#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::signals::wait_for_a_trial;
use crate::{backdraft, refused};

#[test]
fn data_that_do_not_fit_are_refused_and_nothing_is_written() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("runs");
    let long = ["data=adding", "length=100000", "examples=10000000"];
    let copied = ["lengths=[10000]", "sequences=10000000"];
    for (name, settings) in [("training", &long[..]), ("copy-memory", &copied[..])] {
        let mut arguments = vec!["run", name, "--out", out.to_str().unwrap()];
        settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
        refused(&backdraft(&arguments), &["GiB of memory", "are free: lower `"]);
        assert!(!out.exists(), "{name}");
    }
}

#[test]
fn ten_thousand_seeds_start_within_three_gigabytes() {
    let out = TempDir::new().unwrap();
    let limited = "ulimit -v 3000000; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", limited, env!("CARGO_BIN_EXE_backdraft"), "run", "sigmoid-vs-relu"]);
    command.args(["--set", "seeds=10000", "--jobs", "1", "--quiet", "--out"]).arg(out.path());
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    wait_for_a_trial(out.path());
    assert!(child.try_wait().unwrap().is_none(), "it runs");
    child.kill().unwrap();
    child.wait().unwrap();
}
