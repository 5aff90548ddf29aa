//! Which files a log consists of.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use backdraft_rows::LogFormat;

use crate::cli::failure::Failure;

/// Folders within folders that are looked into, as `lightning_logs/version_0` is.
const DEPTH: usize = 5;

/// Trainings that one folder may hold.
const MOST: usize = 1_000;

/// Where the measurements of a run of Backdraft lie, a file a trial.
const MEASUREMENTS: &str = "measurements";

/// Files that are a log even where others lie beside them.
const CHOSEN: [&str; 2] = ["metrics.csv", "trainer_state.json"];

/// The files of one training.
pub(super) struct Place {
    pub(super) name: String,
    pub(super) files: Vec<PathBuf>,
}

impl Place {
    fn new(path: &Path, files: Vec<PathBuf>) -> Self {
        Self { name: path.display().to_string(), files }
    }
}

/// Finds the trainings that a path names.
pub(super) fn places(path: &Path) -> Result<Vec<Place>, Failure> {
    if !path.is_dir() {
        return Ok(vec![Place::new(path, vec![path.to_owned()])]);
    }
    let mut found = Vec::new();
    within(path, DEPTH, &mut found)?;
    if found.is_empty() {
        return Err(Failure::Input(anyhow!(
            "{}: no log in this folder: name an event file of TensorBoard, or a .csv, .jsonl or .json \
             file",
            path.display()
        )));
    }
    if found.len() > MOST {
        let (path, count) = (path.display(), found.len());
        return Err(Failure::Input(anyhow!("{path}: {count} trainings: name a folder of fewer")));
    }
    Ok(found)
}

fn within(folder: &Path, depth: usize, found: &mut Vec<Place>) -> Result<(), Failure> {
    let failed = |error| {
        Failure::Input(
            anyhow::Error::new(error).context(format!("cannot list {}", folder.display())),
        )
    };
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // A link could lead back.
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        if is_folder { folders.push(entry.path()) } else { files.push(entry.path()) }
    }
    files.sort();
    folders.sort();
    if folder.join("run.json").is_file() && folder.join(MEASUREMENTS).is_dir() {
        return trials(&folder.join(MEASUREMENTS), found);
    }
    if let Some(place) = of_files(folder, &files)? {
        found.push(place);
        return Ok(());
    }
    if depth > 0 {
        folders.iter().try_for_each(|inner| within(inner, depth - 1, found))?;
    }
    Ok(())
}

/// The trials of a run are trainings of their own.
fn trials(folder: &Path, found: &mut Vec<Place>) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).map_err(Failure::input)?.flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|file| file.extension() == Some(OsStr::new("jsonl")));
    files.sort();
    found.extend(files.into_iter().map(|file| Place {
        name: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        files: vec![file],
    }));
    Ok(())
}

fn of_files(folder: &Path, files: &[PathBuf]) -> Result<Option<Place>, Failure> {
    let of = |format: LogFormat| -> Vec<PathBuf> {
        files.iter().filter(|file| LogFormat::of(file) == Some(format)).cloned().collect()
    };
    let events = of(LogFormat::TensorBoard);
    if !events.is_empty() {
        // Their names begin with the time, so a restart follows what it restarts.
        return Ok(Some(Place::new(folder, events)));
    }
    let tables = [of(LogFormat::Csv), of(LogFormat::JsonLines)].concat();
    let is_chosen = |file: &&PathBuf| CHOSEN.iter().any(|name| file.ends_with(name));
    let chosen: Vec<PathBuf> = files.iter().filter(is_chosen).cloned().collect();
    match (&chosen[..], &tables[..]) {
        ([file, ..], _) | ([], [file]) => Ok(Some(Place::new(file, vec![file.clone()]))),
        ([], []) => Ok(None),
        ([], [first, second, ..]) => Err(Failure::Input(anyhow!(
            "{}: several logs, such as {} and {}: name those to diagnose",
            folder.display(),
            first.display(),
            second.display()
        ))),
    }
}
