//! What was measured, for judges to query.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use backdraft_rows::{QuantityName, Row, Subject};
use backdraft_verdicts::statistics::Time;
use serde::{Deserialize, Serialize};

use crate::factors::{Factors, trial_name};
use crate::picture::Point;

/// Points of a line in a picture.
const PICTURED_STEPS: usize = 2_000;

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
        subject: Subject,
    },
    /// The program or the device failed.
    Failed {
        /// The reason.
        message: String,
    },
}

/// Means over trials of a quantity of the whole network, by the steps of the first trial: at most
/// 2,000 of them, evenly spaced, because no picture has more pixels.
pub fn by_step(trials: &[&TrialResult], quantity: &QuantityName) -> Vec<Point> {
    let Some(first) = trials.first() else { return Vec::new() };
    let steps: BTreeSet<u64> = first.course(quantity).map(|(step, _)| step).collect();
    let steps = thinned(&steps.into_iter().collect::<Vec<_>>(), PICTURED_STEPS);
    let mut values: BTreeMap<u64, Vec<f64>> =
        steps.into_iter().map(|step| (step, Vec::new())).collect();
    for trial in trials {
        let mut taken = HashSet::new();
        for (step, value) in trial.course(quantity) {
            // A step that was measured twice counts once, as first measured.
            if let Some(values) = values.get_mut(&step)
                && taken.insert(step)
            {
                values.push(value);
            }
        }
    }
    values.iter().filter_map(|(step, values)| Point::mean(*step as f64, values)).collect()
}

/// Returns at most `most` of the steps, evenly spaced, the first and the last among them.
pub fn thinned(steps: &[u64], most: usize) -> Vec<u64> {
    if steps.len() <= most {
        return steps.to_vec();
    }
    let last = most.max(2) - 1;
    (0..=last).map(|i| steps[i * (steps.len() - 1) / last]).collect()
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
    /// Returns the trial's name, unique within its run.
    pub fn name(&self) -> String {
        trial_name(&self.factors, self.seed)
    }

    /// Tells whether all steps were taken.
    pub fn is_finished(&self) -> bool {
        self.ending == Ending::Finished
    }

    /// Iterates over the values of a quantity of the whole network, by step.
    pub fn course<'a>(
        &'a self,
        quantity: &'a QuantityName,
    ) -> impl Iterator<Item = (u64, f64)> + 'a {
        let rows = self.rows.iter().filter(move |row| row.quantity == *quantity);
        rows.filter(|row| row.subject.is_network()).map(|row| (row.step, row.value))
    }

    /// Returns the last value of a quantity of the whole network.
    pub fn last(&self, quantity: &QuantityName) -> Option<f64> {
        self.course(quantity).last().map(|(_, value)| value)
    }

    /// Returns the step at which a quantity of the whole network first `is_reached`, of a training of
    /// `steps`; one that never is, be it because the training diverged, is unsolved to the end.
    pub fn time_until(
        &self,
        quantity: &QuantityName,
        steps: u64,
        is_reached: impl Fn(f64) -> bool,
    ) -> Time {
        let reached = self.course(quantity).find(|(_, value)| is_reached(*value));
        reached.map_or(Time::Unsolved(steps as f64), |(step, _)| Time::Solved(step as f64))
    }

    /// Returns a quantity at the first step for the subjects that fit, in the order of the network.
    pub fn initial(&self, quantity: &QuantityName, fits: impl Fn(&Subject) -> bool) -> Vec<f64> {
        self.at(0, quantity, fits)
    }

    /// Returns the same at the last step at which it was measured.
    pub fn latest(&self, quantity: &QuantityName, fits: impl Fn(&Subject) -> bool) -> Vec<f64> {
        let rows = self.rows.iter().filter(|row| row.quantity == *quantity && fits(&row.subject));
        let last = rows.map(|row| row.step).max();
        last.map_or(Vec::new(), |step| self.at(step, quantity, fits))
    }

    fn at(&self, step: u64, quantity: &QuantityName, fits: impl Fn(&Subject) -> bool) -> Vec<f64> {
        let rows = self.rows.iter().filter(|row| row.step == step && row.quantity == *quantity);
        rows.filter(|row| fits(&row.subject)).map(|row| row.value).collect()
    }

    /// Returns a quantity at the last step at which any subject that fits has it, in the order of the
    /// network.
    pub fn at_end(&self, quantity: &QuantityName, fits: impl Fn(&Subject) -> bool) -> Vec<f64> {
        let rows = || {
            let of_quantity = self.rows.iter().filter(|row| row.quantity == *quantity);
            of_quantity.filter(|row| fits(&row.subject))
        };
        let last = rows().map(|row| row.step).max();
        rows().filter(|row| Some(row.step) == last).map(|row| row.value).collect()
    }

    /// Returns ln of the factor by which a quantity at the first step changes from each layer to the
    /// one before it, on average from the last of the subjects that fit to the first.
    ///
    /// `None` for fewer than two layers, or if an end is zero or not finite.
    pub fn log_factor(
        &self,
        quantity: &QuantityName,
        fits: impl Fn(&Subject) -> bool,
    ) -> Option<f64> {
        let values = self.initial(quantity, fits);
        let (first, last) = (values.first()?.ln(), values.last()?.ln());
        let factor = (first - last) / (values.len() as f64 - 1.0);
        factor.is_finite().then_some(factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(depth: &str, seed: u64, accuracies: &[f64]) -> TrialResult {
        let row = |(step, value): (usize, &f64)| {
            Row::of_network(step as u64, QuantityName::TEST_ACCURACY, *value)
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
        assert_eq!(trial.last(&QuantityName::TEST_ACCURACY), Some(0.9));
        let time = |target: f64| {
            trial.time_until(&QuantityName::TEST_ACCURACY, 100, |value| value >= target)
        };
        assert_eq!((time(0.75), time(0.95)), (Time::Solved(1.0), Time::Unsolved(100.0)));
    }

    #[test]
    fn a_course_of_half_a_million_steps_is_averaged_in_linear_time() {
        let accuracies: Vec<f64> = (0..500_000).map(f64::from).collect();
        let trials = [trial("3", 0, &accuracies), trial("3", 1, &accuracies)];
        let start = std::time::Instant::now();
        let points = by_step(&trials.each_ref(), &QuantityName::TEST_ACCURACY);
        // Comparing every step with every other takes minutes.
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
        assert_eq!(points.len(), PICTURED_STEPS);
        assert_eq!((points[0].x, points[PICTURED_STEPS - 1].x), (0.0, 499_999.0));
        assert!(points.iter().all(|point| point.x == point.y));
    }

    #[test]
    fn a_step_measured_twice_counts_as_first_measured() {
        let row = |step, value| Row::of_network(step, QuantityName::LOSS, value);
        let of = |rows| TrialResult { rows, ..trial("3", 0, &[]) };
        let trials = [of(vec![row(0, 1.0), row(5, 2.0), row(0, 9.0)]), of(vec![row(0, 3.0)])];
        let points = by_step(&trials.each_ref(), &QuantityName::LOSS);
        assert_eq!(points.iter().map(|point| (point.x, point.y)).collect::<Vec<_>>(), [(0.0, 2.0)]);
    }
}
