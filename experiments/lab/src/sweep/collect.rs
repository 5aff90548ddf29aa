//! Runs from anywhere in one table.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::thread;

use backdraft_record::{Ending, Factors, Manifest, RecordError, RunFolder, Status, TrialResult};
use backdraft_rows::QuantityName;

use super::spec::leaves;

/// A run with what its trials ended with.
#[derive(Clone, Debug, PartialEq)]
pub struct Collected {
    /// What was run.
    pub manifest: Manifest,
    trials: Vec<Ended>,
    folder: RunFolder,
}

/// What a trial ended with: all that a table needs of it, so that thousands of runs fit in memory.
#[derive(Clone, Debug, PartialEq)]
struct Ended {
    factors: Factors,
    seed: u64,
    ending: Ending,
    /// The last value of each quantity of the whole network.
    last: BTreeMap<QuantityName, f64>,
}

/// Runs, each once, and what is to be said of them.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    /// The runs, ordered by experiment and id.
    pub runs: Vec<Collected>,
    /// Runs that are unfinished, folders that cannot be read.
    pub warnings: Vec<String>,
    /// How many folders cannot be read.
    pub unreadable: usize,
}

/// Reads runs; of several records of one run the finished one counts.
///
/// # Errors
///
/// [`RecordError::Contradiction`] if two finished records of one run disagree.
pub fn collect(folders: &[RunFolder]) -> Result<Collection, RecordError> {
    let mut runs: BTreeMap<(String, String), Collected> = BTreeMap::new();
    let (mut warnings, mut unreadable) = (Vec::new(), 0);
    for (folder, run) in folders.iter().zip(read(folders)) {
        let run = match run {
            Ok(run) => run,
            Err(error) => {
                warnings.push(error.to_string());
                unreadable += 1;
                continue;
            }
        };
        let key = (run.manifest.experiment.clone(), run.manifest.id.clone());
        match runs.get(&key) {
            Some(other) if other.is_finished() && run.is_finished() => {
                if !agree(&other.folder, folder)? {
                    let (first, second) = (other.folder.path().into(), folder.path().into());
                    return Err(RecordError::Contradiction { first, second });
                }
            }
            Some(other) if other.is_finished() || other.trials.len() > run.trials.len() => {}
            _ => drop(runs.insert(key, run)),
        }
    }
    let runs: Vec<Collected> = runs.into_values().collect();
    warnings.extend(runs.iter().filter(|run| !run.is_finished()).map(|run| {
        let (path, ended, trials) =
            (run.folder.path().display(), run.trials.len(), run.manifest.trials);
        format!("`{path}` is not finished: {ended} of {trials} trials have ended")
    }));
    Ok(Collection { runs, warnings, unreadable })
}

/// Reads runs on all cores; results are in the order of the folders.
fn read(folders: &[RunFolder]) -> Vec<Result<Collected, RecordError>> {
    let read = |part: &[RunFolder]| part.iter().map(Collected::read).collect::<Vec<_>>();
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let size = folders.len().div_ceil(cores).max(1);
    thread::scope(|scope| {
        let start = |part| thread::Builder::new().spawn_scoped(scope, move || read(part)).ok();
        let mut parts = folders.chunks(size);
        let mine = parts.next().unwrap_or_default();
        let others: Vec<_> = parts.map(|part| (part, start(part))).collect();
        let mut all = read(mine);
        for (part, thread) in others {
            // Where the system gives no thread, this one reads the part.
            let done = thread.and_then(|thread| thread.join().ok());
            all.extend(done.unwrap_or_else(|| read(part)));
        }
        all
    })
}

/// Tells whether two records of a run measured the same; NaN is the same as NaN, because as text it is.
fn agree(first: &RunFolder, second: &RunFolder) -> Result<bool, RecordError> {
    Ok(format!("{:?}", first.results()?) == format!("{:?}", second.results()?))
}

impl Collected {
    fn read(folder: &RunFolder) -> Result<Self, RecordError> {
        let manifest = folder.manifest()?;
        let trials: Result<Vec<_>, _> =
            folder.ended_trials()?.map(|trial| Ok(Ended::of(trial?))).collect();
        let mut trials = trials?;
        trials.sort_by(|a, b| (&a.factors, a.seed).cmp(&(&b.factors, b.seed)));
        Ok(Self { manifest, trials, folder: folder.clone() })
    }

    fn is_finished(&self) -> bool {
        self.manifest.status == Status::Finished
    }
}

impl Ended {
    fn of(trial: TrialResult) -> Self {
        let of_network = trial.rows.into_iter().filter(|row| row.subject.is_network());
        let last = of_network.map(|row| (row.quantity, row.value)).collect();
        Self { factors: trial.factors, seed: trial.seed, ending: trial.ending, last }
    }
}

impl Collection {
    /// Returns a table with a header: one line a trial, with the settings in which the runs differ,
    /// the trial's factors (`trial.…`) and the last value of each quantity of the whole network.
    pub fn table(&self) -> Vec<Vec<String>> {
        let settings: Vec<BTreeMap<String, String>> =
            self.runs.iter().map(|run| flat(&run.manifest)).collect();
        let keys: BTreeSet<&String> = settings.iter().flat_map(BTreeMap::keys).collect();
        let differs =
            |key: &&String| settings.iter().any(|other| other.get(*key) != settings[0].get(*key));
        let keys: Vec<&String> = keys.into_iter().filter(differs).collect();
        let trials = || self.runs.iter().flat_map(|run| &run.trials);
        let factors: BTreeSet<&str> =
            trials().flat_map(|trial| trial.factors.levels()).map(|(name, _)| name).collect();
        let quantities: BTreeSet<&QuantityName> =
            trials().flat_map(|trial| trial.last.keys()).collect();

        let fixed =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut header = fixed(&["experiment", "run"]);
        header.extend(keys.iter().map(|key| (*key).clone()));
        header.extend(factors.iter().map(|factor| format!("trial.{factor}")));
        header.extend(fixed(&["seed", "ending"]));
        header.extend(quantities.iter().map(|quantity| quantity.to_string()));
        let mut table = vec![header];
        for (run, settings) in self.runs.iter().zip(&settings) {
            for trial in &run.trials {
                let mut line = vec![run.manifest.experiment.clone(), run.manifest.id.clone()];
                line.extend(keys.iter().map(|key| settings.get(*key).cloned().unwrap_or_default()));
                let level =
                    |factor: &&str| trial.factors.level(factor).unwrap_or_default().to_owned();
                line.extend(factors.iter().map(level));
                line.extend([trial.seed.to_string(), ending(&trial.ending)]);
                let last = |quantity: &&QuantityName| trial.last.get(*quantity).map(f64::to_string);
                line.extend(quantities.iter().map(|quantity| last(quantity).unwrap_or_default()));
                table.push(line);
            }
        }
        table
    }
}

/// All settings of a run with dotted keys.
fn flat(manifest: &Manifest) -> BTreeMap<String, String> {
    let text = |value: toml::Value| match value {
        toml::Value::String(word) => word,
        value => value.to_string(),
    };
    leaves(&manifest.settings).into_iter().map(|(key, value)| (key, text(value))).collect()
}

fn ending(ending: &Ending) -> String {
    match ending {
        Ending::Finished => "finished".to_owned(),
        Ending::Diverged { step, subject } => format!("diverged at step {step} in {subject}"),
        Ending::Failed { message } => format!("failed: {message}"),
    }
}
