//! Trainings to compare: the trials of a run, or a file of rows.

use std::path::Path;

use anyhow::bail;
use backdraft_rows::Row;
use serde::Serialize;

use super::{Trace, find_run, read_rows};

/// What one training has measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// The name of the trial, or the path of the file.
    pub name: String,
    /// The measurements.
    pub rows: Vec<Row>,
}

/// Two runs, or files of rows, side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TracedRuns {
    /// Trainings that both have, by name, each with its trace.
    pub trainings: Vec<(String, Trace)>,
    /// How many trainings only one of them has.
    pub unmatched: usize,
}

impl Course {
    /// Reads the trainings that `name` names: a file of rows, or a run as in [`find_run`] with its trials.
    ///
    /// # Errors
    ///
    /// If there is no such run, or a file holds something else.
    pub fn all(out: &Path, name: &str) -> anyhow::Result<Vec<Self>> {
        let path = Path::new(name);
        if path.is_file() {
            return Ok(vec![Self { name: name.to_owned(), rows: read_rows(path)? }]);
        }
        let folder = find_run(out, name)?;
        let of_trial = |trial: String| {
            let rows = read_rows(&folder.trial_path(&trial))?;
            Ok(Self { name: trial, rows })
        };
        folder.trial_names().into_iter().map(of_trial).collect()
    }
}

impl TracedRuns {
    /// Compares trainings of the same name, or, if each side has one, these two.
    ///
    /// # Errors
    ///
    /// If no training and no measurement is in both.
    pub fn between(first: &[Course], second: &[Course], tolerance: f64) -> anyhow::Result<Self> {
        if let ([a], [b]) = (first, second) {
            let name =
                if a.name == b.name { a.name.clone() } else { format!("{} | {}", a.name, b.name) };
            return Self::of(vec![(name, Trace::between(&a.rows, &b.rows, tolerance))], 0);
        }
        let mut trainings = Vec::new();
        for a in first {
            let other = second.iter().find(|b| b.name == a.name);
            trainings.extend(
                other.map(|b| (a.name.clone(), Trace::between(&a.rows, &b.rows, tolerance))),
            );
        }
        if trainings.is_empty() {
            let name = |courses: &[Course]| courses.first().map_or("none", |c| &c.name).to_owned();
            bail!(
                "the first has {} trainings (`{}` …), the second {} (`{}` …), and none is in both: name a file \
                 of measurements on each side to compare these two",
                first.len(),
                name(first),
                second.len(),
                name(second)
            );
        }
        let unmatched = first.len() + second.len() - 2 * trainings.len();
        Self::of(trainings, unmatched)
    }

    fn of(trainings: Vec<(String, Trace)>, unmatched: usize) -> anyhow::Result<Self> {
        if trainings.iter().all(|(_, trace)| trace.compared == 0) {
            bail!("no measurement is in both: nothing has the same step, quantity and subject");
        }
        Ok(Self { trainings, unmatched })
    }

    /// Returns the training that differs first, with its trace; `None` if none differs.
    pub fn first(&self) -> Option<&(String, Trace)> {
        let step = |(_, trace): &&(String, Trace)| trace.first.as_ref().map(|first| first.step);
        self.trainings.iter().filter(|training| step(training).is_some()).min_by_key(step)
    }
}
