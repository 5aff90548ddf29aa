//! The built program from outside: what a user types, sees, and finds on disk.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batches;
mod crash;
mod interruption;
mod lost_device;
mod records;
mod report;
mod runs;
mod serve;
mod sweeps;
mod theory;
mod xray;
mod zoo;

use std::process::{Command, Output};

fn backdraft(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backdraft"));
    command.args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    let told = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    told
}

/// Asserts one clear line and exit code 2.
fn refused(output: &Output, expected: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert_eq!(error.trim_end().lines().count(), 1, "one line: {error}");
    for part in expected {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
}
