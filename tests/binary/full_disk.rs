//! Every command that writes a file which its user names, on a disk that is full: an older file stays as it
//! is, nothing half-written is left, and the failure is told.
//!
//! Needs to be root, to mount a small file system; says so where it cannot.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::records::{SmallDisk, skipped};
use crate::{backdraft, failed, files, stdout};

/// A batch for the X-ray, and runs to export.
struct Sources {
    folder: TempDir,
    run: String,
    other: String,
}

impl Sources {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let runs = folder.path().join("runs");
        let run = |seeds: &str| {
            let run = ["run", "born-dead-relu", "--quiet", "--seeds", seeds, "--out"];
            let folder = stdout(&backdraft(&[&run[..], &[runs.to_str().unwrap()]].concat()));
            folder.trim().to_owned()
        };
        let (one, other) = (run("20"), run("3"));
        let mut batch = "a,b,y\n".to_owned();
        (0..8).for_each(|row| batch += &format!("{row},{},{}\n", row * 2, 0.5 + f64::from(row)));
        fs::write(folder.path().join("batch.csv"), batch).unwrap();
        Self { run: one, other, folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Each command that writes to a path, with the name of what it writes there. A command that writes a
    /// file and is missing here is missing in this test.
    fn commands(&self) -> Vec<(&'static str, Vec<String>)> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let (runs, batch) = (self.path("runs"), self.path("batch.csv"));
        let xray = ["xray", "--model", "mlp", "--set", "inputs=2", "--set", "depth=60", "--batch"];
        let xray = [&xray[..], &[&batch, "--target", "y", "--export"]].concat();
        vec![
            ("table.csv", words(&["sweep", "collect", &runs, "--csv"])),
            ("rows.csv", words(&xray)),
            ("rows.jsonl", words(&xray)),
            ("m.csv", words(&["export", &self.run, "--format", "csv", "--out"])),
            ("m.jsonl", words(&["export", &self.run, "--format", "jsonl", "--out"])),
            ("events", words(&["export", &self.run, "--format", "tensorboard", "--out"])),
            ("figure.svg", words(&["figure", &self.run, "dead-by-layer", "--out"])),
            ("page.html", words(&["compare", &self.run, &self.other, "--html"])),
        ]
    }
}

/// Leaves no more than a block of room.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("filler");
    let mut filler = fs::File::create(&path).unwrap();
    for block in [1 << 14, 1 << 10, 1 << 6, 1] {
        while filler.write_all(&vec![0; block]).is_ok() {}
    }
    path
}

#[test]
fn on_a_full_disk_no_command_harms_an_older_file() {
    let disk = match SmallDisk::mount("16m") {
        Ok(disk) => disk,
        Err(reason) => return skipped(&reason),
    };
    let sources = Sources::new();
    for (name, mut command) in sources.commands() {
        let path = disk.path().join(name);
        let is_folder = name == "events";
        if !is_folder {
            fs::write(&path, "intact\n".repeat(70)).unwrap();
        }
        let filler = fill(disk.path());
        let before = files(disk.path());
        command.push(path.to_str().unwrap().to_owned());
        let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        let output = backdraft(&arguments);
        failed(&output, &["cannot write", name, "No space left", "make room"]);
        assert_eq!(files(disk.path()), before, "{name}");
        fs::remove_file(filler).unwrap();
        stdout(&backdraft(&arguments));
        let written = files(disk.path());
        let is_new = |(other, bytes): (&String, &Vec<u8>)| {
            other.starts_with(name) && before.get(other) != Some(bytes)
        };
        assert!(written.iter().any(is_new), "{name} is written once there is room");
        assert!(!written.keys().any(|name| name.contains("unfinished")), "{:?}", written.keys());
        if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }
}

/// A link is followed, a pipe or a device is written to and stays what it is.
#[test]
fn a_device_is_written_to_and_not_replaced() {
    let sources = Sources::new();
    let (_, command) = sources.commands().remove(3);
    let to = |path: &str| {
        let command: Vec<&str> = command.iter().map(String::as_str).chain([path]).collect();
        backdraft(&command)
    };
    let told = stdout(&to("/dev/stdout"));
    assert!(told.starts_with("schema,experiment,run,seed,"), "{}", &told[..200]);
    stdout(&to("/dev/null"));
    failed(&to("/dev/full"), &["cannot write `/dev/full`", "No space left"]);
    for device in ["/dev/null", "/dev/full"] {
        assert!(!fs::metadata(device).unwrap().is_file());
    }
    assert!(fs::symlink_metadata("/dev/stdout").unwrap().is_symlink());
}
