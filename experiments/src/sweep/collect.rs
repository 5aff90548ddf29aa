//! Runs from anywhere in one table.

use backdraft_rows::QuantityName;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::spec::leaves;
use crate::record::{Manifest, RecordError, RunFolder, Status};
use crate::results::{Ending, Results, TrialResult};

/// A run with what it measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Collected {
    /// What was run.
    pub manifest: Manifest,
    /// What was measured.
    pub results: Results,
    path: PathBuf,
}

/// Runs, each once, and what is to be said of them.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    /// The runs, ordered by experiment and id.
    pub runs: Vec<Collected>,
    /// Runs that are unfinished, folders that cannot be read.
    pub warnings: Vec<String>,
}

/// Reads runs; of several records of one run the finished one counts.
///
/// # Errors
///
/// [`RecordError::Contradiction`] if two finished records of one run disagree.
pub fn collect(folders: &[RunFolder]) -> Result<Collection, RecordError> {
    let mut runs: BTreeMap<(String, String), Collected> = BTreeMap::new();
    let mut warnings = Vec::new();
    for folder in folders {
        let read = || Ok::<_, RecordError>((folder.manifest()?, folder.results()?));
        let (manifest, results) = match read() {
            Ok(read) => read,
            Err(error) => {
                warnings.push(error.to_string());
                continue;
            }
        };
        let key = (manifest.experiment.clone(), manifest.id.clone());
        let run = Collected { manifest, results, path: folder.path().to_owned() };
        match runs.get(&key) {
            Some(other) if other.is_finished() && run.is_finished() => {
                if !other.agrees_with(&run) {
                    let (first, second) = (other.path.clone(), run.path);
                    return Err(RecordError::Contradiction { first, second });
                }
            }
            Some(other) if other.is_finished() || other.ended() > run.ended() => {}
            _ => drop(runs.insert(key, run)),
        }
    }
    let runs: Vec<Collected> = runs.into_values().collect();
    warnings.extend(runs.iter().filter(|run| !run.is_finished()).map(|run| {
        let (path, ended, trials) = (run.path.display(), run.ended(), run.manifest.trials);
        format!("`{path}` is not finished: {ended} of {trials} trials have ended")
    }));
    Ok(Collection { runs, warnings })
}

impl Collected {
    fn is_finished(&self) -> bool {
        self.manifest.status == Status::Finished
    }

    fn ended(&self) -> usize {
        self.results.trials().len()
    }

    /// NaN agrees with NaN: as text, it does.
    fn agrees_with(&self, other: &Self) -> bool {
        format!("{:?}", self.results) == format!("{:?}", other.results)
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
        let trials = || self.runs.iter().flat_map(|run| run.results.trials());
        let factors: BTreeSet<&str> =
            trials().flat_map(|trial| trial.factors.levels()).map(|(name, _)| name).collect();
        let quantities: BTreeSet<&QuantityName> = trials().flat_map(quantities).collect();

        let fixed =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut header = fixed(&["experiment", "run"]);
        header.extend(keys.iter().map(|key| (*key).clone()));
        header.extend(factors.iter().map(|factor| format!("trial.{factor}")));
        header.extend(fixed(&["seed", "ending"]));
        header.extend(quantities.iter().map(|quantity| quantity.to_string()));
        let mut table = vec![header];
        for (run, settings) in self.runs.iter().zip(&settings) {
            for trial in run.results.trials() {
                let mut line = vec![run.manifest.experiment.clone(), run.manifest.id.clone()];
                line.extend(keys.iter().map(|key| settings.get(*key).cloned().unwrap_or_default()));
                let level =
                    |factor: &&str| trial.factors.level(factor).unwrap_or_default().to_owned();
                line.extend(factors.iter().map(level));
                line.extend([trial.seed.to_string(), ending(&trial.ending)]);
                let last =
                    |quantity: &&QuantityName| trial.last(quantity).map(|value| value.to_string());
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

fn quantities(trial: &TrialResult) -> impl Iterator<Item = &QuantityName> {
    let of_network = trial.rows.iter().filter(|row| row.subject.is_network());
    of_network.map(|row| &row.quantity)
}

fn ending(ending: &Ending) -> String {
    match ending {
        Ending::Finished => "finished".to_owned(),
        Ending::Diverged { step, subject } => format!("diverged at step {step} in {subject}"),
        Ending::Failed { message } => format!("failed: {message}"),
    }
}
