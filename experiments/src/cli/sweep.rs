//! `backdraft sweep`.

use std::fs;
use std::io::Read;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use backdraft_layers::with_threads;
use clap::{Args, Subcommand};

use super::Failure;
use super::arguments::{CheckpointArguments, RUNS};
use super::file::write_file;
use super::print::{note, number, print_error, say};
use super::request::open;
use super::run::find_experiment;
use crate::backend::Backend;
use crate::experiment::Entry;
use crate::interrupt::Interrupt;
use crate::progress::Bars;
use crate::record::RunFolder;
use crate::run::{Conclusion, RunRequest, cores};
use crate::settings::Overlay;
use crate::sweep::{
    Planned, RunState, Shard, SweepSpec, collect, is_of_another_build, plan, state,
};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = SWEEP_EXAMPLES)]
pub(super) struct SweepArguments {
    #[command(subcommand)]
    command: Option<SweepCommand>,
    #[command(flatten)]
    work: WorkArguments,
}

const SWEEP_EXAMPLES: &str = "\
A description names the experiment and what is varied:

  experiment = \"sigmoid-vs-relu\"
  seeds = 5
  [set]
  depths = [3]
  flow_depth = 3
  [grid]
  adam_rate = [0.001, 0.003, 0.01]
  sgd_rate = [0.1, 1.0]

Also `[[list]]` with the settings of one run each, and `[random]` with `samples`, `seed` and
`[random.draw]` such as `adam_rate = { log_uniform = [1e-4, 1e-1] }`. Finished runs are not run again.

Examples:
  backdraft sweep rates.toml
  backdraft sweep rates.toml --jobs 8 --shard 2/10      one of ten machines
  backdraft sweep status rates.toml
  backdraft sweep collect runs /mnt/other/runs --csv rates.csv";

#[derive(Debug, Subcommand)]
enum SweepCommand {
    /// Show how the runs of a sweep stand.
    Status {
        /// The description of the sweep.
        spec: PathBuf,
        /// Folder for run records.
        #[arg(long, default_value = RUNS, value_name = "DIR")]
        out: PathBuf,
    },
    /// Merge runs from anywhere into one table.
    Collect {
        /// Folders of run records, or runs.
        #[arg(default_value = RUNS)]
        folders: Vec<PathBuf>,
        /// Write one line per trial to a .csv file.
        #[arg(long, value_name = "FILE")]
        csv: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct WorkArguments {
    /// The description of the sweep.
    #[arg(required = true)]
    spec: Option<PathBuf>,
    /// Runs side by side, each in a process of its own [default: number of cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Cores that each run takes, for trials side by side [default: cores / jobs].
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<u16>>,
    /// Only a share of the runs: `2/5` is the second of five.
    #[arg(long, default_value_t = Shard::WHOLE, value_name = "I/N")]
    shard: Shard,
    /// Folder for run records; several processes may share it.
    #[arg(long, default_value = RUNS, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    checkpoints: CheckpointArguments,
    /// No line for each run.
    #[arg(long, short)]
    quiet: bool,
    /// This process is one of those that a sweep started, and stops when its standard input closes.
    #[arg(long, hide = true, value_name = "I/N")]
    worker: Option<Shard>,
}

pub(super) fn sweep(arguments: &SweepArguments) -> Result<(), Failure> {
    match &arguments.command {
        Some(SweepCommand::Status { spec, out }) => status(&Sweep::read(spec)?, out),
        Some(SweepCommand::Collect { folders, csv }) => table(folders, csv.as_deref()),
        None => work(&arguments.work),
    }
}

/// A sweep that was read and found in order.
struct Sweep {
    spec: SweepSpec,
    /// Where the description comes from.
    origin: String,
    experiment: &'static dyn Entry,
    runs: Vec<Planned>,
}

impl Sweep {
    fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read `{}`", path.display()))
            .map_err(Failure::Input)?;
        let located =
            |error: anyhow::Error| Failure::Input(anyhow!("`{}`, {error:#}", path.display()));
        let spec = SweepSpec::parse(&text).map_err(|error| located(error.into()))?;
        let experiment = find_experiment(&spec.experiment)?;
        let (backend, _) = Backend::select(spec.backend.as_deref()).map_err(Failure::input)?;
        let origin = path.display().to_string();
        let runs = plan(&spec, &origin, experiment, backend.name).map_err(located)?;
        Ok(Self { spec, origin, experiment, runs })
    }

    fn state(&self, out: &Path, run: &Planned) -> RunState {
        state(out, &self.spec.experiment, &run.id)
    }
}

fn work(arguments: &WorkArguments) -> Result<(), Failure> {
    let Some(path) = &arguments.spec else { return Err(Failure::Input(anyhow!("no description"))) };
    let mut sweep = Sweep::read(path)?;
    sweep.runs = arguments.shard.of(sweep.runs);
    let interrupt = Interrupt::on_signals().map_err(Failure::run)?;
    let jobs = arguments.jobs.map_or_else(cores, usize::from).min(sweep.runs.len().max(1));
    let share = NonZero::new(cores() / jobs).unwrap_or(NonZero::<usize>::MIN);
    let threads = arguments.threads.map_or(share, NonZero::from);
    match arguments.worker {
        Some(place) => {
            stop_with_standard_input(&interrupt);
            sweep.runs = place.first(sweep.runs);
            work_through(&sweep, arguments, threads, &interrupt)?;
        }
        None if jobs == 1 => work_through(&sweep, arguments, threads, &interrupt)?,
        None => supervise(path, arguments, jobs, threads, &interrupt)?,
    }
    if arguments.worker.is_some() {
        return Ok(());
    }
    conclude(&sweep, &arguments.out, interrupt.is_requested())
}

/// Says how the sweep stands at the end.
fn conclude(sweep: &Sweep, out: &Path, is_interrupted: bool) -> Result<(), Failure> {
    let count = |wanted: &RunState| {
        sweep.runs.iter().filter(|run| sweep.state(out, run) == *wanted).count()
    };
    let (all, finished) = (sweep.runs.len(), count(&RunState::Finished));
    let foreign = |run: &&Planned| is_of_another_build(out, &sweep.spec.experiment, &run.id);
    let foreign = sweep.runs.iter().filter(foreign).count();
    if foreign > 0 {
        note(format!(
            "{foreign} of the finished runs were measured by another build and are used as they are; to \
             measure one anew, add `--fresh` to its command, which `backdraft show` prints"
        ));
    }
    let summary = format!("{finished} of {all} runs are finished");
    if finished == all {
        say(summary);
        return Ok(());
    }
    let failed = count(&RunState::Failed);
    let message = anyhow!("{summary}, {failed} failed; the same command goes on");
    Err(if is_interrupted { Failure::Interrupted(message) } else { Failure::Run(message) })
}

/// Lets the process end in order when the one that started it goes.
fn stop_with_standard_input(interrupt: &Interrupt) {
    let interrupt = interrupt.clone();
    thread::spawn(move || {
        let mut nothing = [0];
        while std::io::stdin().read(&mut nothing).is_ok_and(|read| read > 0) {}
        interrupt.request();
    });
}

/// Starts processes that share the runs, and waits for them.
fn supervise(
    path: &Path,
    arguments: &WorkArguments,
    jobs: usize,
    threads: NonZero<usize>,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let mut workers = Vec::new();
    for index in 1..=jobs {
        let worker = worker(path, arguments, &format!("{index}/{jobs}"), threads);
        workers.push(worker.context("cannot start a process").map_err(Failure::Run)?);
    }
    while !workers.is_empty() {
        let mut running = Vec::new();
        for mut child in workers {
            if interrupt.is_requested() {
                drop(child.stdin.take());
            }
            match child.try_wait().map_err(Failure::run)? {
                None => running.push(child),
                Some(status) if status.success() || interrupt.is_requested() => {}
                // Its runs are gone on with by the others.
                Some(status) => note(format!("a process of the sweep ended with {status}")),
            }
        }
        workers = running;
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn worker(
    path: &Path,
    arguments: &WorkArguments,
    place: &str,
    threads: NonZero<usize>,
) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["sweep", "--jobs", "1", "--worker", place]).arg(path);
    command.args(["--threads", &threads.to_string(), "--shard", &arguments.shard.to_string()]);
    command.arg("--out").arg(&arguments.out);
    let CheckpointArguments { checkpoint_every, keep_checkpoints } = arguments.checkpoints;
    command.args(["--checkpoint-every", &checkpoint_every.to_string()]);
    command.args(["--keep-checkpoints", &keep_checkpoints.to_string()]);
    if arguments.quiet {
        command.arg("--quiet");
    }
    command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()
}

/// Runs what is not finished, one run after another; waits for what others work on, and takes over
/// from those that die.
fn work_through(
    sweep: &Sweep,
    arguments: &WorkArguments,
    threads: NonZero<usize>,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let mut waiting: Vec<&Planned> = sweep.runs.iter().collect();
    let mut is_waiting = false;
    while !waiting.is_empty() {
        let mut held = Vec::new();
        for run in waiting {
            let request = request(sweep, run, arguments, threads, interrupt);
            match sweep.state(&arguments.out, run) {
                _ if interrupt.is_requested() => return Ok(()),
                RunState::Finished => {}
                RunState::Running(_) => held.push(run),
                // With a share of the cores, not all of them, as several processes work side by side.
                _ => match with_threads(threads, || finish(request)) {
                    Ok(Some(conclusion)) => tell(run, &conclusion, arguments.quiet),
                    Ok(None) => {}
                    Err(Failure::Locked(_)) => held.push(run),
                    Err(Failure::Interrupted(_)) => return Ok(()),
                    // One that fails must not keep the others from being run.
                    Err(Failure::Run(error) | Failure::Input(error)) => {
                        print_error(&error.context(run.label()));
                    }
                },
            }
        }
        waiting = held;
        if !waiting.is_empty() {
            if !is_waiting && !arguments.quiet && arguments.worker.is_none() {
                note(format!("waiting for {} runs that other processes work on", waiting.len()));
            }
            is_waiting = true;
            thread::sleep(Duration::from_millis(200));
        }
    }
    Ok(())
}

/// Runs what another process has not finished between the look at it and the lock.
fn finish(request: RunRequest<'_>) -> Result<Option<Conclusion>, Failure> {
    let run = open(request)?;
    if run.is_closed() {
        return Ok(None);
    }
    let bars = Bars::new(run.trials() as u64, run.jobs(), true);
    Ok(Some(run.execute(Arc::new(bars))?))
}

fn tell(run: &Planned, conclusion: &Conclusion, is_quiet: bool) {
    if !is_quiet {
        let failed = if conclusion.has_failures() { "some trials failed, " } else { "" };
        let seconds = conclusion.manifest().seconds;
        note(format!("{}  {} ({failed}{seconds:.1} s)", run.id, run.label()));
    }
}

fn request(
    sweep: &Sweep,
    run: &Planned,
    arguments: &WorkArguments,
    threads: NonZero<usize>,
    interrupt: &Interrupt,
) -> RunRequest<'static> {
    let settings = Overlay { origin: sweep.origin.clone(), table: run.settings.clone() };
    let request = RunRequest::new(sweep.experiment).preset(sweep.spec.preset).overlay(settings);
    let request = request.out(&arguments.out).jobs(threads.get()).interrupt(interrupt.clone());
    let request = arguments.checkpoints.of(request);
    sweep.spec.backend.iter().fold(request, RunRequest::backend)
}

fn status(sweep: &Sweep, out: &Path) -> Result<(), Failure> {
    for run in &sweep.runs {
        let state = match sweep.state(out, run) {
            RunState::Missing => "missing".to_owned(),
            RunState::Running(owner) => format!("running: {owner}"),
            RunState::CutOff => "cut off".to_owned(),
            RunState::Interrupted => "interrupted".to_owned(),
            RunState::Failed => "failed".to_owned(),
            RunState::Finished => "finished".to_owned(),
            RunState::Foreign => "begun by another build".to_owned(),
        };
        say(format!("{}  {state:<12} {}", run.id, run.label()));
    }
    let finished = |run: &&Planned| sweep.state(out, run) == RunState::Finished;
    let finished = sweep.runs.iter().filter(finished).count();
    say(format!("{finished} of {} runs are finished", sweep.runs.len()));
    Ok(())
}

/// Prints one line per run and variant, and writes one line per trial.
fn table(folders: &[PathBuf], csv: Option<&Path>) -> Result<(), Failure> {
    let runs: Vec<RunFolder> = folders.iter().flat_map(|folder| RunFolder::list(folder)).collect();
    if runs.is_empty() {
        let names = folders.iter().map(|folder| format!("`{}`", folder.display()));
        let names = names.collect::<Vec<_>>().join(", ");
        return Err(Failure::Input(anyhow!("there are no runs in {names}")));
    }
    let collection = collect(&runs).map_err(Failure::input)?;
    collection.warnings.iter().for_each(note);
    let table = collection.table();
    if let Some(path) = csv {
        write_file(path, |file| {
            let mut writer = csv::Writer::from_writer(file);
            table.iter().try_for_each(|line| writer.write_record(line))?;
            writer.flush()
        })?;
    }
    print_means(&table);
    say(format!("{} trials of {} runs", table.len() - 1, collection.runs.len()));
    Ok(())
}

/// The means over seeds of what a training ends with, one line for each variant.
fn print_means(table: &[Vec<String>]) {
    const SHOWN: [&str; 4] = ["test_loss", "test_accuracy", "train_loss", "train_accuracy"];
    let Some((header, lines)) = table.split_first() else { return };
    let column = |name: &str| header.iter().position(|other| other == name);
    let (Some(seed), Some(ending)) = (column("seed"), column("ending")) else { return };
    let shown: Vec<(&str, usize)> =
        SHOWN.iter().filter_map(|name| Some((*name, column(name)?))).collect();
    for group in lines.chunk_by(|a, b| a[..seed] == b[..seed]) {
        let words = header[2..seed].iter().zip(&group[0][2..seed]);
        let words = words.filter(|(_, value)| !value.is_empty());
        let label = words.map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>();
        let mean = |at: usize| {
            let values: Vec<f64> = group.iter().filter_map(|line| line[at].parse().ok()).collect();
            let is_there = !values.is_empty();
            is_there.then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        let means = shown.iter().filter_map(|(name, at)| Some((name, mean(*at)?)));
        let means = means.map(|(name, mean)| format!("{name} {}", number(mean)));
        let others = group.iter().filter(|line| line[ending] != "finished").count();
        let others = if others > 0 { format!(", {others} not finished") } else { String::new() };
        say(format!(
            "{}  {}: {} ({} seeds{others})",
            group[0][1],
            label.join(", "),
            means.collect::<Vec<_>>().join(", "),
            group.len()
        ));
    }
}
