//! A run from its lock to its closed record.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, anyhow};
use burn::tensor::Device;
use toml::{Table, Value};

use super::Failure;
use super::arguments::{RUNS, RunArguments};
use super::opened::REPORT;
use super::print::note;
use super::run::{cores, find_experiment};
use crate::backend::Backend;
use crate::drawing::to_svg;
use crate::experiment::{Entry, Prepared};
use crate::interrupt::Interrupt;
use crate::progress::Bars;
use crate::record::{
    Damage, Manifest, RecordError, Recorded, RunFolder, RunLock, SCHEMA, Standing, Status,
    Versions, remove_aside, run_id, utc,
};
use crate::report::Report;
use crate::results::{Ending, Results, TrialResult};
use crate::settings::{Overlay, line_at};
use crate::study::{Spectator, StudyOptions, run_study};
use crate::trial::Trial;
#[cfg(unix)]
use crate::watch::Watch;

/// An experiment that was run and judged.
pub(super) struct Execution {
    pub(super) manifest: Manifest,
    pub(super) folder: RunFolder,
    pub(super) prepared: Box<dyn Prepared>,
    pub(super) results: Results,
}

/// What came of asking for a run.
pub(super) enum Claim<'a> {
    /// It is finished: its record is closed, and used as it is.
    Closed(Box<Execution>),
    /// It is this process's to work on.
    Open(Box<Open<'a>>),
}

/// A run that is this process's to work on.
pub(super) struct Open<'a> {
    arguments: &'a RunArguments,
    experiment: &'static dyn Entry,
    backend: &'static Backend,
    device: Device,
    settings: Table,
    id: String,
    prepared: Box<dyn Prepared>,
    trials: Vec<Trial>,
    folder: RunFolder,
    lock: RunLock,
    /// What this build recorded in earlier sessions.
    earlier: Option<Box<Manifest>>,
    /// Where the record is that `--fresh` replaces.
    replaced: Option<PathBuf>,
}

/// Checks what is asked for, and locks its folder unless it is finished.
///
/// # Errors
///
/// [`Failure::Input`] for what cannot be run, [`Failure::Locked`] if another process works on it.
pub(super) fn claim(arguments: &RunArguments) -> Result<Claim<'_>, Failure> {
    let experiment = find_experiment(&arguments.name)?;
    let mut overlays = overlays(arguments)?;
    let configured = configured_backend(&mut overlays)?;
    let wanted = arguments.backend.as_deref().or(configured.as_deref());
    let (backend, device) = Backend::select(wanted).map_err(Failure::input)?;
    let settings = experiment.settings(arguments.preset, &overlays).map_err(Failure::input)?;
    let prepared = experiment.prepare(&settings).map_err(Failure::input)?;
    let (out, name) = (&arguments.out, experiment.about().name);
    let id = run_id(name, &settings, backend.name);
    if !arguments.fresh && RunFolder::at(out, name, &id).path().is_dir() {
        let folder = RunFolder::create(out, name, &id).map_err(Failure::input)?;
        if let Standing::Closed(recorded) = folder.standing().map_err(Failure::run)? {
            return Ok(closed(*recorded, folder, prepared));
        }
    }
    // Before the folder: data that are missing must not leave an empty record.
    let trials = prepared.trials().map_err(Failure::Input)?;
    let folder = RunFolder::create(out, name, &id).map_err(Failure::input)?;
    let lock = folder.lock().map_err(locked)?;
    let (mut lock, replaced) = if arguments.fresh && !folder.is_blank().map_err(Failure::run)? {
        let (lock, aside) = folder.put_aside(lock).map_err(locked)?;
        (lock, Some(aside))
    } else {
        (lock, None)
    };
    let earlier = loop {
        match folder.standing().map_err(Failure::run)? {
            // Another process has finished it since the look at it.
            Standing::Closed(recorded) => return Ok(closed(*recorded, folder, prepared)),
            Standing::Blank => break None,
            Standing::Begun(earlier) => break Some(earlier),
            Standing::Foreign(manifest) => {
                let (again, aside) = folder.put_aside(lock).map_err(locked)?;
                tell_of_aside(&folder, manifest.as_deref(), &aside);
                lock = again;
            }
        }
    };
    Ok(Claim::Open(Box::new(Open {
        arguments,
        experiment,
        backend,
        device,
        settings,
        id,
        prepared,
        trials,
        folder,
        lock,
        earlier,
        replaced,
    })))
}

/// Uses a closed record as it is, and says so if another build measured it.
fn closed<'a>(recorded: Recorded, folder: RunFolder, prepared: Box<dyn Prepared>) -> Claim<'a> {
    let Recorded { manifest, results } = recorded;
    if !manifest.versions.is_this_program() {
        note(format!(
            "`{}` was measured on {} by another build ({}) and is used as it is; `--fresh` measures it anew",
            folder.path().display(),
            utc(manifest.started_unix),
            manifest.versions
        ));
    }
    Claim::Closed(Box::new(Execution { manifest, folder, prepared, results }))
}

fn tell_of_aside(folder: &RunFolder, manifest: Option<&Manifest>, aside: &Path) {
    let by = manifest.map_or("a build that its run.json does not tell".to_owned(), |manifest| {
        format!("another build ({}) on {}", manifest.versions, utc(manifest.started_unix))
    });
    note(format!(
        "`{}` was begun by {by} and is measured anew; what was measured is kept in `{}`",
        folder.path().display(),
        aside.display()
    ));
}

fn locked(error: RecordError) -> Failure {
    match error {
        RecordError::Locked { .. } => Failure::Locked(error.into()),
        error => Failure::run(error),
    }
}

impl Claim<'_> {
    /// Runs and judges the experiment and closes its record, unless it is closed.
    pub(super) fn execute(self, interrupt: &Interrupt) -> Result<Execution, Failure> {
        match self {
            Self::Closed(execution) => Ok(*execution),
            Self::Open(open) => open.execute(interrupt),
        }
    }
}

impl Open<'_> {
    /// Runs and judges the experiment, and closes its record.
    pub(super) fn execute(self, interrupt: &Interrupt) -> Result<Execution, Failure> {
        let replaced = self.replaced.clone();
        let folder = self.folder.clone();
        let outcome = self.measure(interrupt);
        if let Some(replaced) = replaced {
            if folder.is_sealed() {
                remove_aside(&replaced).map_err(Failure::run)?;
            } else {
                note(format!("what was recorded before is kept in `{}`", replaced.display()));
            }
        }
        outcome
    }

    fn measure(self, interrupt: &Interrupt) -> Result<Execution, Failure> {
        let mut manifest = self.manifest()?;
        let Self { arguments, device, prepared, trials, folder, lock, .. } = self;
        if let Some(dead) = lock.predecessor() {
            note(format!("`{}` was left by {dead}: going on", folder.path().display()));
        }
        folder.unseal().map_err(Failure::run)?;
        folder.save(&manifest).map_err(Failure::run)?;

        let start = Instant::now();
        let jobs = arguments.jobs.map_or_else(cores, usize::from).min(trials.len().max(1));
        let options = StudyOptions {
            jobs,
            checkpoint_every: arguments.checkpoints.checkpoint_every,
            checkpoints_kept: arguments.checkpoints.keep_checkpoints.into(),
            interrupt: interrupt.clone(),
        };
        let spectator = spectator(arguments, trials.len() as u64, jobs, interrupt);
        let results = run_study(&trials, &folder, &device, &options, spectator.as_ref());
        drop(spectator);
        let results = results.map_err(Failure::run)?;
        manifest.seconds += start.elapsed().as_secs_f64();
        if results.trials().len() < trials.len() {
            if interrupt.is_requested() {
                return Err(interrupted(arguments, manifest, &folder, results.trials().len()));
            }
            return Err(Failure::run(not_read_back(&trials, &folder, &results)));
        }
        finish(&mut manifest, &folder, prepared.as_ref(), &trials, &results)?;
        Ok(Execution { manifest, folder, prepared, results })
    }

    /// What the record says of the run while it is under way.
    fn manifest(&self) -> Result<Manifest, Failure> {
        let Self { arguments, experiment, backend, settings, earlier, .. } = self;
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs());
        Ok(Manifest {
            schema: SCHEMA,
            experiment: experiment.about().name.to_owned(),
            id: self.id.clone(),
            status: Status::Running,
            preset: arguments.preset,
            backend: backend.name.to_owned(),
            device: format!("{:?}", self.device),
            versions: Versions::current(),
            trials: self.trials.len(),
            command: command(*experiment, settings, backend, arguments)?,
            settings: settings.clone(),
            started_unix: earlier.as_ref().map_or_else(now, |earlier| earlier.started_unix),
            seconds: earlier.as_ref().map_or(0.0, |earlier| earlier.seconds),
            verdicts: Vec::new(),
        })
    }
}

/// The full-screen view if it is wanted and the terminal has room for it, else progress bars.
fn spectator(
    arguments: &RunArguments,
    trials: u64,
    jobs: usize,
    interrupt: &Interrupt,
) -> Box<dyn Spectator> {
    if arguments.watch {
        #[cfg(unix)]
        let stop = {
            let interrupt = interrupt.clone();
            move || interrupt.request()
        };
        #[cfg(unix)]
        let reason = match Watch::open(&arguments.name, trials, jobs, stop) {
            Ok(watch) => return Box::new(watch),
            Err(reason) => reason,
        };
        #[cfg(not(unix))]
        let reason = "it is there on Unix alone";
        note(format!("no full-screen view: {reason}; progress bars instead"));
    }
    Box::new(Bars::new(trials, jobs, arguments.quiet || arguments.json))
}

/// Names a trial that has ended and is not in the record.
fn not_read_back(trials: &[Trial], folder: &RunFolder, results: &Results) -> RecordError {
    let is_missing = |trial: &&Trial| {
        let same =
            |result: &TrialResult| result.factors == trial.factors && result.seed == trial.seed;
        !results.trials().iter().any(same)
    };
    let missing = trials.iter().find(is_missing).map(Trial::name).unwrap_or_default();
    let path = folder.trial_path(&missing);
    let damage = if path.exists() { Damage::Changed } else { Damage::Missing };
    RecordError::NotReadBack { path, damage }
}

/// Notes in the record that the run was stopped, and says how it goes on.
fn interrupted(
    arguments: &RunArguments,
    mut manifest: Manifest,
    folder: &RunFolder,
    done: usize,
) -> Failure {
    manifest.status = Status::Interrupted;
    if let Err(error) = folder.save(&manifest) {
        return Failure::run(error);
    }
    let out = match arguments.out.as_path() {
        out if out == Path::new(RUNS) => String::new(),
        out => format!(" --out '{}'", out.display()),
    };
    Failure::Interrupted(anyhow!(
        "interrupted with {done} of {} trials done; go on with: {}{out}",
        manifest.trials,
        manifest.command
    ))
}

/// Judges, draws and closes the record; one with failed trials, which are tried again, stays open.
fn finish(
    manifest: &mut Manifest,
    folder: &RunFolder,
    prepared: &dyn Prepared,
    trials: &[Trial],
    results: &Results,
) -> Result<(), Failure> {
    let is_failed = |ending: &Ending| matches!(ending, Ending::Failed { .. });
    let failed = results.trials().iter().any(|trial| is_failed(&trial.ending));
    manifest.status = if failed { Status::Failed } else { Status::Finished };
    manifest.verdicts = prepared.judge(results);
    let measured = |trial: &Trial| format!("measurements/{}.jsonl", trial.name());
    let mut listed: Vec<String> = trials.iter().map(measured).collect();
    listed.push("run.json".to_owned());
    let pictures = prepared.pictures(results);
    for picture in &pictures {
        let name = format!("figures/{}.svg", picture.name);
        folder.write_file(&name, to_svg(picture).as_bytes()).map_err(Failure::run)?;
        listed.push(name);
    }
    let about = find_experiment(&manifest.experiment)?.about();
    let report = Report { about, manifest, pictures: &pictures, results };
    let html = report.to_html().map_err(Failure::run)?;
    folder.write_file(REPORT, html.as_bytes()).map_err(Failure::run)?;
    folder.save(manifest).map_err(Failure::run)?;
    if failed { Ok(()) } else { folder.seal(&listed).map_err(Failure::run) }
}

/// The settings of `--config`, then `--set`, then `--seeds`.
fn overlays(arguments: &RunArguments) -> Result<Vec<Overlay>, Failure> {
    let mut overlays = Vec::new();
    if let Some(path) = &arguments.config {
        overlays.push(Overlay { origin: path.display().to_string(), table: read_table(path)? });
    }
    for argument in &arguments.set {
        overlays.push(Overlay::parse(argument).map_err(Failure::input)?);
    }
    if let Some(seeds) = arguments.seeds {
        let seeds = i64::try_from(seeds).context("--seeds is too large").map_err(Failure::Input)?;
        let table = Table::from_iter([("seeds".to_owned(), Value::Integer(seeds))]);
        overlays.push(Overlay { origin: "--seeds".to_owned(), table });
    }
    Ok(overlays)
}

/// Takes the back end out of the settings: it stands among them in a file, and changes none of them.
fn configured_backend(overlays: &mut [Overlay]) -> Result<Option<String>, Failure> {
    let mut backend = None;
    for overlay in overlays {
        backend = match overlay.table.remove("backend") {
            None => backend,
            Some(Value::String(name)) => Some(name),
            Some(other) => {
                let origin = &overlay.origin;
                let expected = "expected the name of a back end, such as \"flex\"";
                let message = anyhow!("{origin}: `backend = {other}` does not fit: {expected}");
                return Err(Failure::Input(message));
            }
        };
    }
    Ok(backend)
}

fn read_table(path: &Path) -> Result<Table, Failure> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read `{}`", path.display()))
        .map_err(Failure::Input)?;
    text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| line_at(&text, span.start));
        Failure::Input(anyhow!("`{}`, line {line}: {}", path.display(), error.message()))
    })
}

/// The command that repeats the run: the preset and whatever differs from it.
fn command(
    experiment: &dyn Entry,
    settings: &Table,
    backend: &Backend,
    arguments: &RunArguments,
) -> Result<String, Failure> {
    let defaults = experiment.settings(arguments.preset, &[]).map_err(Failure::run)?;
    let changed = settings.iter().filter(|(key, value)| defaults.get(*key) != Some(value));
    let sets: String = changed.map(|(key, value)| format!(" --set '{key}={value}'")).collect();
    let (name, preset) = (experiment.about().name, arguments.preset);
    Ok(format!("backdraft run {name} --preset {preset} --backend {}{sets}", backend.name))
}
