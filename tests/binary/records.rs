//! Records that something happened to: found by `check`, never misread, never lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::{backdraft, refused, stdout};

fn run(out: &Path, more: &[&str]) -> Output {
    let out = out.to_str().unwrap();
    let run = ["run", "born-dead-relu", "--quiet", "--seeds", "2", "--out", out];
    backdraft(&[&run[..], more].concat())
}

fn check(out: &Path) -> Output {
    backdraft(&["check", "--out", out.to_str().unwrap()])
}

fn folder(out: &Path) -> PathBuf {
    let id = fs::read_dir(out.join("born-dead-relu")).unwrap().next().unwrap().unwrap();
    id.path()
}

fn first_trial(out: &Path) -> PathBuf {
    let files = fs::read_dir(folder(out).join("measurements")).unwrap();
    files.map(|file| file.unwrap().path()).min().unwrap()
}

#[test]
fn a_sound_record_agrees_with_its_sums_and_every_damage_is_found() {
    let out = TempDir::new().unwrap();
    stdout(&run(out.path(), &[]));
    assert!(stdout(&check(out.path())).contains("agree with SHA256SUMS"));
    let sums = Command::new("sha256sum")
        .args(["--check", "--quiet", "SHA256SUMS"])
        .current_dir(folder(out.path()))
        .status();
    assert!(sums.is_ok_and(|status| status.success()), "sha256sum reads them too");

    let damaged = |what: &str| {
        let output = check(out.path());
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(what), "`{what}` is missing in: {told}");
        let path = folder(out.path()).display().to_string();
        let twice = told.lines().find(|line| line.matches(&path).count() > 1);
        assert_eq!(twice, None, "the file is named once");
    };
    let trial = first_trial(out.path());
    let name = trial.file_name().unwrap().to_str().unwrap().to_owned();
    let whole = fs::read(&trial).unwrap();
    let changed =
        String::from_utf8(whole.clone()).unwrap().replacen("\"value\":", "\"value\":1", 1);
    fs::write(&trial, changed).unwrap();
    damaged(&format!("`measurements/{name}` is not what was recorded"));
    fs::remove_file(&trial).unwrap();
    damaged(&format!("`measurements/{name}` is missing"));
    fs::write(&trial, &whole[..whole.len() - 20]).unwrap();
    damaged("trials are recorded");
    fs::write(&trial, [b"{\"step\": }\n", &whole[..]].concat()).unwrap();
    damaged("line 1, is not a valid record");
    damaged("`--fresh` measures the run anew");
    fs::write(&trial, &whole).unwrap();
    stdout(&check(out.path()));
    // What is missing is measured again, and the record is sound again.
    fs::remove_file(&trial).unwrap();
    let again = run(out.path(), &[]);
    let told = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(told.contains(&name) && told.contains("it is measured again"), "{told}");
    stdout(&again);
    assert_eq!(fs::read(&trial).unwrap(), whole);
    stdout(&check(out.path()));
    refused(&backdraft(&["check", "nonesuch", "--out", "/nonexistent"]), &["no run `nonesuch`"]);
}

#[test]
fn a_damaged_or_foreign_run_json_is_refused_with_its_file() {
    let out = TempDir::new().unwrap();
    stdout(&run(out.path(), &[]));
    let path = folder(out.path()).join("run.json");
    let text = fs::read_to_string(&path).unwrap();
    let show = || backdraft(&["show", "latest", "--out", out.path().to_str().unwrap()]);
    fs::write(&path, text.replace("\"schema\": 1", "\"schema\": 99")).unwrap();
    refused(&show(), &["run.json", "schema 99", "newer Backdraft"]);
    fs::write(&path, &text[..text.len() / 2]).unwrap();
    refused(&show(), &["run.json", "line"]);
    // A record whose description is lost is measured again rather than believed.
    stdout(&run(out.path(), &[]));
    stdout(&check(out.path()));
}

/// A last line that is torn within a character is a torn line: the trial is measured again.
#[test]
fn a_line_torn_within_a_character_is_a_torn_line() {
    let out = TempDir::new().unwrap();
    stdout(&run(out.path(), &[]));
    let trial = first_trial(out.path());
    let whole = fs::read(&trial).unwrap();
    let line = "{\"end\":{\"failed\":{\"message\":\"σ".as_bytes();
    let end = whole.iter().rposition(|byte| *byte == b'{').unwrap();
    fs::write(&trial, [&whole[..end], &line[..line.len() - 1]].concat()).unwrap();
    stdout(&run(out.path(), &[]));
    assert_eq!(fs::read(&trial).unwrap(), whole);
}

#[test]
fn a_list_or_table_with_a_record_that_cannot_be_read_shows_the_others_and_fails() {
    let out = TempDir::new().unwrap();
    stdout(&run(out.path(), &[]));
    let sound = folder(out.path()).file_name().unwrap().to_str().unwrap().to_owned();
    fs::create_dir_all(out.path().join("born-dead-relu/broken")).unwrap();
    fs::write(out.path().join("born-dead-relu/broken/run.json"), "{").unwrap();
    let path = out.path().to_str().unwrap();
    let list = ["list", "--runs", "--out", path];
    for command in [&list[..], &[&list[..], &["--json"]].concat(), &["sweep", "collect", path]] {
        let output = backdraft(command);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(
            told.contains("broken/run.json`, line 1") && told.contains("1 of 2 records"),
            "{told}"
        );
        assert!(String::from_utf8_lossy(&output.stdout).contains(&sound));
    }
}

/// A file system of `size`, taken off when it goes out of scope.
#[cfg(target_os = "linux")]
pub(crate) struct SmallDisk(TempDir);

#[cfg(target_os = "linux")]
impl SmallDisk {
    /// Mounts it, or says why it cannot.
    pub(crate) fn mount(size: &str) -> Result<Self, String> {
        let folder = TempDir::new().unwrap();
        let option = format!("size={size}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &option, "tmpfs"]).arg(folder.path());
        let output = mount.output().map_err(|error| format!("mount: {error}"))?;
        if output.status.success() {
            Ok(Self(folder))
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        let status = Command::new("mount").args(["-o", &options]).arg(self.0.path()).status();
        assert!(status.unwrap().success());
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0.path()).status());
    }
}

/// `cargo test --release --workspace --test binary disk -- --nocapture`; needs to be root.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_nothing_and_tells_what_it_needed() {
    let disk = match SmallDisk::mount("600k") {
        Ok(disk) => disk,
        Err(reason) => return skipped(&reason),
    };
    let elsewhere = TempDir::new().unwrap();
    stdout(&train(elsewhere.path()));
    let output = train(disk.0.path());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert_eq!(told.trim_end().lines().count(), 1, "{told}");
    for part in ["cannot write ", " bytes to `", "No space left", "intact", "make room"] {
        assert!(told.contains(part), "`{part}` is missing in: {told}");
    }
    // What is there is what was measured, line by line.
    let id = fs::read_dir(disk.0.path().join("sigmoid-vs-relu")).unwrap().next().unwrap();
    let measured = fs::read_dir(id.unwrap().path().join("measurements")).unwrap();
    let mut bytes = 0;
    for file in measured.map(|file| file.unwrap()) {
        let here = fs::read(file.path()).unwrap();
        let there = fs::read(measurements(elsewhere.path()).join(file.file_name())).unwrap();
        assert!(there.starts_with(&here) || ended_as_failed(&here), "{:?}", file.file_name());
        assert!(here.is_empty() || here.ends_with(b"\n"), "{:?}", file.file_name());
        bytes += here.len();
    }
    // How much fits depends on when a checkpoint was kept beside it; the disk filled up on the way.
    assert!(bytes > 10_000, "only {bytes} bytes were measured before the disk was full");
    disk.remount("size=64m");
    stdout(&train(disk.0.path()));
    for file in fs::read_dir(measurements(elsewhere.path())).unwrap().map(|file| file.unwrap()) {
        let here = fs::read(measurements(disk.0.path()).join(file.file_name())).unwrap();
        assert_eq!(here, fs::read(file.path()).unwrap(), "{:?}", file.file_name());
    }
    let path = disk.0.path().to_str().unwrap();
    stdout(&backdraft(&["check", "--out", path]));
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_only_disk_is_refused_before_anything_is_computed() {
    let disk = match SmallDisk::mount("8m") {
        Ok(disk) => disk,
        Err(reason) => return skipped(&reason),
    };
    stdout(&run(disk.0.path(), &[]));
    disk.remount("ro");
    refused(&run(disk.0.path(), &[]), &["Read-only file system", "born-dead-relu"]);
    // Reading still works.
    let path = disk.0.path().to_str().unwrap();
    assert!(stdout(&backdraft(&["show", "latest", "--out", path])).contains("supported"));
    stdout(&check(disk.0.path()));
}

#[cfg(target_os = "linux")]
#[expect(clippy::print_stderr, reason = "a test that cannot run must say so")]
pub(crate) fn skipped(reason: &str) {
    eprintln!("skipped: a small file system cannot be mounted here: {reason}");
}

#[cfg(target_os = "linux")]
fn ended_as_failed(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).lines().last().is_some_and(|line| line.contains("\"failed\""))
}

#[cfg(target_os = "linux")]
fn measurements(out: &Path) -> PathBuf {
    let id = fs::read_dir(out.join("sigmoid-vs-relu")).unwrap().next().unwrap().unwrap();
    id.path().join("measurements")
}

/// Trainings that write checkpoints and some hundred kilobytes of measurements.
#[cfg(target_os = "linux")]
fn train(out: &Path) -> Output {
    let run = ["run", "sigmoid-vs-relu", "--quiet", "--seeds", "2", "--checkpoint-every", "50"];
    let set = ["--set", "depths=[3]", "--set", "flow_depth=3", "--set", "steps=200"];
    backdraft(&[&run[..], &set[..], &["--out", out.to_str().unwrap()]].concat())
}
