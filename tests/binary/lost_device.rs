//! A GPU that goes away in the middle: the run ends and says so, and goes on where the device is back.
//!
//! A Vulkan layer plays the driver's part (`tests/driver/layer.c`); it needs a C compiler, `libvulkan-dev` and
//! a Vulkan device, of software if there is no other.

#![cfg(all(target_os = "linux", feature = "wgpu"))]

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::{backdraft, stdout};

/// Compiles the layer into a folder.
fn layer() -> TempDir {
    let folder = TempDir::new().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/driver");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(folder.path().join("layer.so"));
    let status = compiler.arg(source.join("layer.c")).status().unwrap();
    assert!(status.success(), "the layer needs a C compiler and libvulkan-dev");
    std::fs::copy(source.join("layer.json"), folder.path().join("layer.json")).unwrap();
    folder
}

fn arguments(out: &str) -> Vec<&str> {
    let settings = ["depths=[3]", "flow_depth=3", "steps=60", "evaluate_every=20"];
    let mut arguments = vec!["run", "sigmoid-vs-relu", "--backend", "wgpu", "--seeds", "2"];
    arguments.extend(["--checkpoint-every", "5", "--quiet", "--out", out]);
    settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
    arguments
}

/// Ten minutes, in which a program that waits for the device for ever is killed by `timeout`.
fn run(out: &str, layer: &Path, lost_after: Option<u64>) -> Output {
    let mut command = Command::new("timeout");
    command.args(["--signal", "KILL", "600", env!("CARGO_BIN_EXE_backdraft")]).args(arguments(out));
    command.env("VK_LAYER_PATH", layer).env("VK_INSTANCE_LAYERS", "VK_LAYER_BACKDRAFT_test");
    // Where `vulkan` is built in as well, software Vulkan would be refused without.
    command.env("LAYER_MEND", "1").env_remove("RUST_BACKTRACE");
    command.envs(lost_after.map(|submissions| ("LAYER_LOST_AFTER", submissions.to_string())));
    command.output().unwrap()
}

#[test]
fn a_run_whose_device_is_lost_ends_and_goes_on_later() {
    let (layer, runs) = (layer(), TempDir::new().unwrap());
    let out = runs.path().to_str().unwrap();
    // While kernels are chosen, and in training.
    for submissions in [200, 3_500] {
        let output = run(out, layer.path(), Some(submissions));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "after {submissions}: {told}");
        assert!(told.contains("the device was lost"), "after {submissions}: {told}");
    }
    stdout(&run(out, layer.path(), None));
    assert!(stdout(&backdraft(&["check", "--out", out])).contains("agree with SHA256SUMS"));
}
