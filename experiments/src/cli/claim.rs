//! A run from its lock to its closed record.

use std::fs;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, anyhow};
use burn::tensor::Device;
use toml::{Table, Value};

use super::Failure;
use super::arguments::RunArguments;
use super::opened::{REPORT, command_in};
use super::print::note;
use super::run::{cores, find_experiment};
use crate::backend::Backend;
use crate::drawing::to_svg;
use crate::experiment::{Entry, Prepared};
use crate::interrupt::Interrupt;
use crate::progress::Bars;
use crate::record::{Manifest, RecordError, RunFolder, RunLock, SCHEMA, Status, Versions, run_id};
use crate::report::Report;
use crate::results::{Ending, Results};
use crate::settings::{Overlay, line_at};
use crate::study::{Spectator, StudyOptions, run_study};
use crate::terminal::quoted;
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

/// A run that is this process's to work on.
pub(super) struct Claim<'a> {
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
}

/// Checks what is asked for, and locks its folder.
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
    let id = run_id(experiment.about().name, &settings, backend.name);
    // Before the folder: data that are missing must not leave an empty record.
    let trials = prepared.trials().map_err(Failure::Input)?;
    let folder =
        RunFolder::create(&arguments.out, experiment.about().name, &id).map_err(Failure::input)?;
    let lock = folder.lock().map_err(|error| match error {
        RecordError::Locked { .. } => Failure::Locked(error.into()),
        error => Failure::run(error),
    })?;
    Ok(Claim {
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
    })
}

impl Claim<'_> {
    /// Returns where the record is.
    pub(super) fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// Runs and judges the experiment, and closes its record.
    pub(super) fn execute(self, interrupt: &Interrupt) -> Result<Execution, Failure> {
        let Self { arguments, experiment, backend, device, settings, id, prepared, trials, .. } =
            self;
        let (folder, lock) = (self.folder, self.lock);
        if let Some(dead) = lock.predecessor() {
            note(format!("`{}` was left by {dead}: going on", folder.path().display()));
        }
        if arguments.fresh || is_of_another_build(&folder) {
            let names: Vec<String> = trials.iter().map(Trial::name).collect();
            folder.forget(names.iter().map(String::as_str)).map_err(Failure::run)?;
        }

        let mut manifest = Manifest {
            schema: SCHEMA,
            experiment: experiment.about().name.to_owned(),
            id,
            status: Status::Running,
            preset: arguments.preset,
            backend: backend.name.to_owned(),
            device: format!("{device:?}"),
            versions: Versions::current(),
            trials: trials.len(),
            command: command(experiment, &settings, backend, arguments)?,
            settings,
            started_unix: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs()),
            seconds: 0.0,
            verdicts: Vec::new(),
        };
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
        if interrupt.is_requested() && results.trials().len() < trials.len() {
            return Err(interrupted(arguments, manifest, &folder, results.trials().len(), start));
        }
        finish(&mut manifest, &folder, prepared.as_ref(), &results, start)?;
        Ok(Execution { manifest, folder, prepared, results })
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

/// Tells whether the folder holds measurements of a program other than this one, which may measure
/// something else under the same settings.
fn is_of_another_build(folder: &RunFolder) -> bool {
    folder.manifest().is_ok_and(|manifest| manifest.versions != Versions::current())
}

/// Notes in the record that the run was stopped, and says how it goes on.
fn interrupted(
    arguments: &RunArguments,
    mut manifest: Manifest,
    folder: &RunFolder,
    done: usize,
    start: Instant,
) -> Failure {
    manifest.status = Status::Interrupted;
    manifest.seconds = start.elapsed().as_secs_f64();
    if let Err(error) = folder.save(&manifest) {
        return Failure::run(error);
    }
    let command = command_in(&arguments.out, &manifest.command);
    Failure::Interrupted(anyhow!(
        "interrupted with {done} of {} trials done; go on with: {command}",
        manifest.trials
    ))
}

/// Judges, draws and closes the record.
fn finish(
    manifest: &mut Manifest,
    folder: &RunFolder,
    prepared: &dyn Prepared,
    results: &Results,
    start: Instant,
) -> Result<(), Failure> {
    let is_failed = |ending: &Ending| matches!(ending, Ending::Failed { .. });
    let failed = results.trials().iter().any(|trial| is_failed(&trial.ending));
    manifest.status = if failed { Status::Failed } else { Status::Finished };
    manifest.seconds = start.elapsed().as_secs_f64();
    manifest.verdicts = prepared.judge(results);
    let pictures = prepared.pictures(results);
    for picture in &pictures {
        let name = format!("figures/{}.svg", picture.name);
        folder.write_file(&name, to_svg(picture).as_bytes()).map_err(Failure::run)?;
    }
    let about = find_experiment(&manifest.experiment)?.about();
    let report = Report { about, manifest, pictures: &pictures, results };
    let html = report.to_html().map_err(Failure::run)?;
    folder.write_file(REPORT, html.as_bytes()).map_err(Failure::run)?;
    folder.save(manifest).map_err(Failure::run)?;
    folder.seal().map_err(Failure::run)
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
    let set = |(key, value): (&String, &Value)| quoted(&format!("{key}={value}"));
    let sets: String = changed.map(|changed| format!(" --set {}", set(changed))).collect();
    let (name, preset) = (experiment.about().name, arguments.preset);
    Ok(format!("backdraft run {name} --preset {preset} --backend {}{sets}", backend.name))
}
