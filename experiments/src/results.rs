//! What was measured, for judges to query.

use backdraft_hooks::{NETWORK, Row};
use serde::{Deserialize, Serialize};

use crate::trial::Factors;

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// As planned.
    Finished,
    /// Loss or gradients stopped being finite: an outcome, not a failure.
    Diverged {
        /// Step at which it was found.
        step: u64,
        /// First parameter whose gradient is not finite.
        subject: String,
    },
    /// The program or the device failed.
    Failed {
        /// The reason.
        message: String,
    },
}

/// Everything one trial measured.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialResult {
    /// The variant.
    pub factors: Factors,
    /// The seed.
    pub seed: u64,
    /// The measurements, in the order they were made.
    pub rows: Vec<Row>,
    /// How it ended.
    pub ending: Ending,
}

/// All trials of a run, ordered by variant and seed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    trials: Vec<TrialResult>,
}

impl Results {
    /// Collects trials.
    pub fn new(mut trials: Vec<TrialResult>) -> Self {
        trials.sort_by(|a, b| (&a.factors, a.seed).cmp(&(&b.factors, b.seed)));
        Self { trials }
    }

    /// Returns all trials.
    pub fn trials(&self) -> &[TrialResult] {
        &self.trials
    }

    /// Returns the trials with these factor levels, by seed within a variant.
    pub fn with(&self, levels: &[(&str, &str)]) -> Vec<&TrialResult> {
        let fits = |trial: &&TrialResult| {
            levels.iter().all(|(factor, level)| trial.factors.level(factor) == Some(level))
        };
        self.trials.iter().filter(fits).collect()
    }
}

impl TrialResult {
    /// Iterates over the values of a quantity of the whole network, by step.
    pub fn course<'a>(&'a self, quantity: &'a str) -> impl Iterator<Item = (u64, f64)> + 'a {
        let rows = self.rows.iter().filter(move |row| row.quantity == quantity);
        rows.filter(|row| &*row.subject == NETWORK).map(|row| (row.step, row.value))
    }

    /// Returns the last value of a quantity of the whole network.
    pub fn last(&self, quantity: &str) -> Option<f64> {
        self.course(quantity).last().map(|(_, value)| value)
    }

    /// Returns the first step at which a quantity of the whole network reaches `threshold`.
    pub fn first_step_at_least(&self, quantity: &str, threshold: f64) -> Option<u64> {
        self.course(quantity).find(|(_, value)| *value >= threshold).map(|(step, _)| step)
    }

    /// Returns a quantity at `step` for the subjects that start with `prefix`, in depth order.
    pub fn by_layer(&self, step: u64, quantity: &str, prefix: &str) -> Vec<f64> {
        let rows = self.rows.iter().filter(|row| row.step == step && row.quantity == quantity);
        rows.filter(|row| row.subject.starts_with(prefix)).map(|row| row.value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(depth: &str, seed: u64, accuracies: &[f64]) -> TrialResult {
        let row = |(step, value): (usize, &f64)| Row {
            step: step as u64,
            quantity: "test_accuracy".into(),
            subject: NETWORK.into(),
            value: *value,
        };
        TrialResult {
            factors: Factors::new([("depth", depth.to_owned())]),
            seed,
            rows: accuracies.iter().enumerate().map(row).collect(),
            ending: Ending::Finished,
        }
    }

    #[test]
    fn trials_are_found_by_their_factors_in_the_order_of_seeds() {
        let results =
            Results::new(vec![trial("3", 2, &[]), trial("9", 0, &[]), trial("3", 1, &[])]);
        let seeds: Vec<u64> = results.with(&[("depth", "3")]).iter().map(|t| t.seed).collect();
        assert_eq!(seeds, [1, 2]);
        assert_eq!(results.with(&[("width", "3")]).len(), 0);
    }

    #[test]
    fn the_first_step_at_a_threshold_is_none_when_it_is_never_reached() {
        let trial = trial("3", 0, &[0.5, 0.8, 0.7, 0.9]);
        assert_eq!(trial.first_step_at_least("test_accuracy", 0.75), Some(1));
        assert_eq!(trial.first_step_at_least("test_accuracy", 0.95), None);
        assert_eq!(trial.last("test_accuracy"), Some(0.9));
    }
}
