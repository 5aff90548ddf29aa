//! The binary tasks by name: the only list.

use serde::{Deserialize, Serialize};

use crate::digits::Digits;
use crate::error::DatasetError;
use crate::examples::Examples;
use crate::split::{TrainTest, stratified_split};
use crate::standardise::Standardisation;
use crate::teacher::TeacherConfig;

/// Side of the padded digits: 10 × 10 = 100 inputs.
const PADDED_SIDE: usize = 10;
/// One example in five is for testing.
const TEST_ONE_IN: usize = 5;
/// The split of the digits does not depend on the seed of a run.
const DIGITS_SPLIT_SEED: u64 = 0;

/// A task with two classes on 100 standardised inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BinaryTask {
    /// Odd or even, on the embedded digits padded to 10 × 10.
    #[serde(rename = "digits")]
    DigitsParity,
    /// The answers of a random tanh network to Gaussian inputs.
    #[serde(rename = "teacher")]
    Teacher,
}

impl BinaryTask {
    /// Every task.
    pub const ALL: &[Self] = &[Self::DigitsParity, Self::Teacher];

    /// Loads or generates the task, splits it, and standardises it by the training split.
    ///
    /// The digits and their split are the same for every seed. The teacher and its inputs are drawn from
    /// the seed.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if the embedded file is damaged.
    pub fn load(self, seed: u64) -> Result<TrainTest, DatasetError> {
        let mut split = match self {
            Self::DigitsParity => digits_parity()?,
            Self::Teacher => {
                let examples = TeacherConfig::default().generate(seed)?;
                let classes: Vec<u8> = examples.targets().iter().map(|t| *t as u8).collect();
                stratified_split(&examples, &classes, TEST_ONE_IN, seed)
            }
        };
        let standardisation = Standardisation::fit(&split.train);
        standardisation.apply(&mut split.train);
        standardisation.apply(&mut split.test);
        Ok(split)
    }
}

fn digits_parity() -> Result<TrainTest, DatasetError> {
    let digits = Digits::load()?;
    let targets = digits.labels.iter().map(|label| f32::from(label % 2)).collect();
    let examples = Examples::new(PADDED_SIDE * PADDED_SIDE, digits.padded(PADDED_SIDE), targets)?;
    // Stratified by digit, which is finer than parity.
    Ok(stratified_split(&examples, &digits.labels, TEST_ONE_IN, DIGITS_SPLIT_SEED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_task_has_100_standardised_inputs_and_balanced_classes() {
        for task in BinaryTask::ALL {
            let split = task.load(3).unwrap();
            assert_eq!(split, task.load(3).unwrap(), "{task:?} must be reproducible");
            for part in [&split.train, &split.test] {
                assert_eq!(part.features(), 100, "{task:?}");
                assert!(part.inputs().iter().all(|value| value.is_finite()), "{task:?}");
                let ones = part.targets().iter().filter(|target| **target == 1.0).count();
                let share = ones as f64 / part.len() as f64;
                assert!((0.48..=0.52).contains(&share), "{task:?}: {share} odd");
            }
            let values = split.train.inputs();
            let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / values.len() as f64;
            assert!(mean.abs() < 1e-6, "{task:?}: mean {mean}");
        }
    }

    #[test]
    fn the_digits_do_not_depend_on_the_seed() {
        assert_eq!(BinaryTask::DigitsParity.load(1), BinaryTask::DigitsParity.load(2));
        assert_ne!(BinaryTask::Teacher.load(1), BinaryTask::Teacher.load(2));
    }

    #[test]
    fn no_digit_is_in_both_parts_and_the_split_is_the_published_one() {
        let split = BinaryTask::DigitsParity.load(0).unwrap();
        let bits = |row: &[f32]| row.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let train: HashSet<_> = split.train.rows().map(|(row, _)| bits(row)).collect();
        assert!(split.test.rows().all(|(row, _)| !train.contains(&bits(row))));
        let odd = split.test.rows().take(12).map(|(_, target)| target as u8).collect::<Vec<_>>();
        assert_eq!(odd, FIRST_TEST_TARGETS, "another split changes every published figure");
    }

    /// Targets of the first test digits, as first released.
    const FIRST_TEST_TARGETS: [u8; 12] = [0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0];

    /// Logistic regression by full-batch gradient descent, as the best linear rule.
    fn linear_accuracy(split: &TrainTest) -> f64 {
        let mut weights = [0.0f64; 101];
        let logit = |weights: &[f64; 101], row: &[f32]| -> f64 {
            weights[100] + row.iter().zip(weights).map(|(x, w)| f64::from(*x) * w).sum::<f64>()
        };
        for _ in 0..300 {
            let mut gradient = [0.0f64; 101];
            for (row, target) in split.train.rows() {
                let error = 1.0 / (1.0 + (-logit(&weights, row)).exp()) - f64::from(target);
                gradient.iter_mut().zip(row).for_each(|(g, x)| *g += error * f64::from(*x));
                gradient[100] += error;
            }
            let rate = 0.5 / split.train.len() as f64;
            weights.iter_mut().zip(gradient).for_each(|(w, g)| *w -= rate * g);
        }
        let right =
            |(row, target): &(&[f32], f32)| (logit(&weights, row) > 0.0) == (*target == 1.0);
        split.test.rows().filter(right).count() as f64 / split.test.len() as f64
    }

    #[test]
    fn no_task_is_linearly_easy() {
        for task in BinaryTask::ALL {
            let accuracy = linear_accuracy(&task.load(0).unwrap());
            assert!((0.6..0.92).contains(&accuracy), "{task:?}: {accuracy}");
        }
    }
}
