//! Follows live runs by reading what each trial appends to its file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use backdraft_record::{Ending, Manifest, RunFolder, Tail, Thinned};
use backdraft_rows::{
    Axis, Finding, History, Place, Profile, QuantityName, Row, Subject, Thresholds, diagnose,
};
use serde::Serialize;

use super::response::Response;

/// Runs followed at a time; the least recently requested one is dropped.
const RUNS: usize = 8;
/// Bytes read per request; the rest is left for the next one.
const BYTES: u64 = 32 << 20;

/// The runs that are being followed.
#[derive(Default)]
pub(super) struct Followers {
    /// The most recently requested one is last.
    runs: Mutex<Vec<(PathBuf, Arc<Mutex<Follower>>)>>,
}

/// What has been read of a run.
#[derive(Default)]
struct Follower {
    trials: BTreeMap<String, Watched>,
}

/// What has been read of a trial.
#[derive(Default)]
struct Watched {
    tail: Tail,
    step: u64,
    courses: BTreeMap<QuantityName, Thinned>,
    /// Rows of the first and of the latest observation.
    first: Vec<Row>,
    latest: Vec<Row>,
    ending: Option<Ending>,
}

/// The current state of a run.
#[derive(Serialize)]
pub(super) struct Standing {
    /// `running`, `cut off`, `interrupted`, `finished` or `failed`.
    state: &'static str,
    /// The process that works on it.
    owner: Option<String>,
    trials: usize,
    /// Seconds since the last measurement.
    silent: Option<f64>,
    /// Whether everything measured so far has been read; if not, ask again.
    is_caught_up: bool,
    /// The trials that have started.
    begun: Vec<TrialStanding>,
}

#[derive(Serialize)]
struct TrialStanding {
    name: String,
    step: u64,
    loss: Option<f64>,
    ending: Option<Ending>,
}

/// The current state of a trial.
#[derive(Serialize)]
pub(super) struct TrialDetail<'a> {
    name: &'a str,
    step: u64,
    ending: Option<&'a Ending>,
    courses: BTreeMap<&'a QuantityName, &'a [(u64, f64)]>,
    /// What the places of the profile are.
    axis: Option<Axis>,
    /// The rows of the profile, first place to last, at the first and at the latest observation.
    first: Vec<Row>,
    latest: Vec<Row>,
    findings: Vec<Finding>,
}

impl Followers {
    /// Reads what is new and returns the state of the run.
    pub(super) fn standing(&self, folder: &RunFolder) -> Response {
        let manifest = match folder.manifest() {
            Ok(manifest) => manifest,
            Err(error) => return Response::refusal(404, &error.to_string()),
        };
        self.of(folder, |run, is_caught_up| {
            Response::json(&run.standing(folder, &manifest, is_caught_up))
        })
    }

    /// Reads what is new and returns the state of a trial.
    pub(super) fn trial(&self, folder: &RunFolder, name: &str) -> Response {
        self.of(folder, |run, _| match run.trials.get_key_value(name) {
            Some((name, trial)) => Response::json(&trial.detail(name)),
            None => Response::refusal(404, "this run has no such trial yet"),
        })
    }

    fn of(&self, folder: &RunFolder, answer: impl FnOnce(&Follower, bool) -> Response) -> Response {
        let follower = {
            let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
            let known = runs.iter().position(|(path, _)| path == folder.path());
            let run = known.map_or_else(
                || (folder.path().to_owned(), Arc::default()),
                |position| runs.remove(position),
            );
            let follower = Arc::clone(&run.1);
            runs.push(run);
            if runs.len() > RUNS {
                runs.remove(0);
            }
            follower
        };
        let mut follower = follower.lock().unwrap_or_else(PoisonError::into_inner);
        let is_caught_up = follower.read(folder);
        answer(&follower, is_caught_up)
    }
}

impl Follower {
    /// Reads what is new. Returns whether that was everything.
    fn read(&mut self, folder: &RunFolder) -> bool {
        let mut left = BYTES;
        for name in folder.trial_names() {
            let path = folder.trial_path(&name);
            let trial = self.trials.entry(name).or_default();
            while left > 0 {
                // A file that cannot be read has nothing new; the others are read all the same.
                let Ok(news) = trial.tail.read(&path, left.min(4 << 20)) else { break };
                if news.is_anew {
                    *trial =
                        Watched { tail: std::mem::take(&mut trial.tail), ..Watched::default() };
                }
                if news.bytes == 0 {
                    break;
                }
                left = left.saturating_sub(news.bytes);
                trial.take(news.rows, news.ending);
            }
        }
        left > 0
    }

    fn standing(&self, folder: &RunFolder, manifest: &Manifest, is_caught_up: bool) -> Standing {
        let modified = |name: &String| folder.trial_path(name).metadata().ok()?.modified().ok();
        let latest = self.trials.keys().filter_map(modified).max();
        let silent = latest.and_then(|latest| SystemTime::now().duration_since(latest).ok());
        let owner = folder.owner();
        Standing {
            state: manifest.status.in_words(owner.is_some()),
            owner: owner.map(|owner| owner.to_string()),
            trials: manifest.trials,
            silent: silent.map(|silent| silent.as_secs_f64()),
            is_caught_up,
            begun: self.trials.iter().map(|(name, trial)| trial.standing(name)).collect(),
        }
    }
}

impl Watched {
    fn take(&mut self, rows: Vec<Row>, ending: Option<Ending>) {
        self.ending = ending.or(self.ending.take());
        for row in rows {
            self.step = self.step.max(row.step);
            if row.subject.is_network() {
                self.courses.entry(row.quantity).or_default().push(row.step, row.value);
                continue;
            }
            if self.latest.first().is_some_and(|first| first.step != row.step) {
                let previous = std::mem::take(&mut self.latest);
                if self.first.is_empty() {
                    self.first = previous;
                }
            }
            self.latest.push(row);
        }
    }

    fn standing(&self, name: &str) -> TrialStanding {
        TrialStanding {
            name: name.to_owned(),
            step: self.step,
            loss: self.courses.get(&QuantityName::LOSS).and_then(Thinned::latest),
            ending: self.ending.clone(),
        }
    }

    fn detail<'a>(&'a self, name: &'a str) -> TrialDetail<'a> {
        let (first, latest) = (History::new(&self.first), History::new(&self.latest));
        let latest = latest.profile();
        TrialDetail {
            name,
            step: self.step,
            ending: self.ending.as_ref(),
            courses: self.courses.iter().map(|(name, c)| (name, c.points())).collect(),
            axis: latest.as_ref().map(|profile| profile.axis),
            first: first.profile().map_or(Vec::new(), rows),
            latest: latest.map_or(Vec::new(), rows),
            findings: diagnose(&self.latest, &Thresholds::default()),
        }
    }
}

/// The profile as rows.
fn rows(profile: Profile<'_>) -> Vec<Row> {
    let latest = |place: &Place<'_>| place.course.last().copied();
    let places = profile.places.iter().filter_map(|place| Some((place.subject, latest(place)?)));
    let row = |(subject, (step, value)): (&Subject, (u64, f64))| {
        Row::new(step, profile.quantity.clone(), subject.clone(), value)
    };
    places.map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: u64, quantity: QuantityName, subject: &str) -> Row {
        Row::new(step, quantity, subject, step as f64)
    }

    #[test]
    fn the_first_and_the_latest_observation_are_kept() {
        let mut trial = Watched::default();
        for step in [0, 10, 20] {
            let rows = ["hidden.0", "hidden.1"]
                .map(|s| row(step, QuantityName::ACTIVATION_GRADIENT_NORM, s));
            trial.take(rows.into(), None);
            trial.take(vec![row(step, QuantityName::LOSS, "network")], None);
        }
        trial.take(vec![], Some(Ending::Finished));
        let detail = trial.detail("t");
        assert_eq!(detail.courses[&QuantityName::LOSS].len(), 3);
        assert_eq!((detail.first[1].step, detail.latest[1].step, detail.step), (0, 20, 20));
        assert_eq!(detail.ending, Some(&Ending::Finished));
    }
}
