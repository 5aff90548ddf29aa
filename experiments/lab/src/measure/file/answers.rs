//! What the targets of a file are.

use anyhow::{bail, ensure};

use super::options::Predict;
use crate::xray::Batch;

/// Targets as numbers to predict, or as the indices of classes.
pub(super) struct Answers {
    /// `[examples, targets]`.
    pub(super) values: Vec<f64>,
    /// Number of examples.
    examples: usize,
    /// The number of classes, if they are classes.
    pub(super) classes: Option<usize>,
}

/// Most classes.
const MOST_CLASSES: usize = 1_000;
/// Whole numbers from 0 with at most so many different values may be meant as classes.
const LIKE_CLASSES: usize = 20;

impl Answers {
    /// Words are classes, and numbers are values unless they may be meant as classes.
    pub(super) fn of(batch: &Batch, asked: Option<Predict>) -> anyhow::Result<Self> {
        let values = batch.target_values();
        if let Some(names) = batch.classes() {
            ensure!(asked != Some(Predict::Values), "the targets are words, not values");
            return Self::of_classes(values.to_vec(), names.len());
        }
        let is_class = |value: &f64| value.fract() == 0.0;
        let mut different = values.to_vec();
        different.sort_unstable_by(f64::total_cmp);
        different.dedup();
        let counted = different.iter().enumerate().all(|(index, value)| *value == index as f64);
        match asked {
            None if counted && different.len() <= LIKE_CLASSES => bail!(
                "the targets are whole numbers from 0 to {}: tell whether they are classes or values, \
                 with `--set table.predict=classes` or `--set table.predict=values`",
                different.len() - 1
            ),
            Some(Predict::Classes) => {
                ensure!(batch.targets_each() == 1, "an example has one class, not several targets");
                let odd = different.iter().find(|value| !is_class(value));
                if let Some(odd) = odd {
                    bail!("the targets are no classes: {odd} is not a whole number");
                }
                let index = |value: &f64| different.partition_point(|other| other < value) as f64;
                Self::of_classes(values.iter().map(index).collect(), different.len())
            }
            _ => {
                ensure!(
                    different.len() > 1,
                    "every target is {}: nothing to tell apart",
                    values[0]
                );
                Ok(Self { values: values.to_vec(), examples: batch.len(), classes: None })
            }
        }
    }

    fn of_classes(values: Vec<f64>, classes: usize) -> anyhow::Result<Self> {
        ensure!(classes > 1, "every target is the same: nothing to tell apart");
        ensure!(classes <= MOST_CLASSES, "there are {classes} classes, more than {MOST_CLASSES}");
        Ok(Self { examples: values.len(), values, classes: Some(classes) })
    }

    /// Returns the stratum of every example: its class.
    pub(super) fn strata(&self) -> Vec<u8> {
        match self.classes {
            // Classes that share a stratum are split together.
            Some(_) => self.values.iter().map(|class| (*class as usize % 256) as u8).collect(),
            None => vec![0; self.examples],
        }
    }

    /// The cross-entropy of the frequencies in the training split over the test split, in nats. A class
    /// that is not there counts as if one more example had it.
    pub(super) fn trivial_entropy(&self, classes: usize, [train, test]: [&[usize]; 2]) -> f64 {
        let mut counts = vec![0.0f64; classes];
        train.iter().for_each(|row| counts[self.values[*row] as usize] += 1.0);
        let loss = |row: &usize| {
            let count = counts[self.values[*row] as usize].max(1.0);
            -(count / train.len() as f64).min(1.0).ln()
        };
        test.iter().map(loss).sum::<f64>() / test.len() as f64
    }
}
