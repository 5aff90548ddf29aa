//! The settings of the experiment.

use backdraft_datasets::BinaryTask;
use backdraft_lab::settings::{Settings, SettingsError, in_range, positive, require};
use backdraft_record::Preset;
use serde::{Deserialize, Serialize};

/// Settings of `adam-epsilon`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdamEpsilonSettings {
    /// Number of seeds.
    pub(super) seeds: u64,
    /// The first seed; the others follow it.
    pub(super) first_seed: u64,
    /// The task: `digits` (odd against even) or `teacher`.
    pub(super) data: BinaryTask,
    /// Hidden layers of a net that learns with the usual ε.
    pub(super) shallow: usize,
    /// Hidden layers of a net that does not.
    pub(super) deep: usize,
    /// Units per hidden layer.
    pub(super) width: usize,
    /// The values of Adam's ε.
    pub(super) epsilons: Vec<f64>,
    /// Optimiser steps per training.
    pub(super) steps: u64,
    /// Examples per step.
    pub(super) batch_size: usize,
    /// Adam's learning rate.
    pub(super) learning_rate: f64,
    /// Test accuracy at which a net counts as having learnt.
    pub(super) target_accuracy: f64,
    /// Steps between two evaluations.
    pub(super) evaluate_every: u64,
}

impl AdamEpsilonSettings {
    pub(super) fn of(preset: Preset) -> Self {
        let (seeds, steps) = match preset {
            Preset::Quick => (10, 450),
            Preset::Standard => (20, 1_800),
            Preset::Paper => (20, 4_500),
        };
        Self {
            seeds,
            first_seed: 0,
            data: BinaryTask::DigitsParity,
            shallow: 5,
            deep: 20,
            width: 64,
            epsilons: vec![1e-1, 1e-4, 1e-7, 1e-10, 1e-13, 1e-20],
            steps,
            batch_size: 32,
            learning_rate: 1e-3,
            target_accuracy: 0.8,
            evaluate_every: 15,
        }
    }

    /// Returns the depth and ε of every arm.
    pub(super) fn arms(&self) -> impl Iterator<Item = (&usize, &f64)> {
        let depths = [&self.shallow, &self.deep];
        depths
            .into_iter()
            .flat_map(|depth| self.epsilons.iter().map(move |epsilon| (depth, epsilon)))
    }

    /// Returns the smallest and the largest ε.
    pub(super) fn extremes(&self) -> (f64, f64) {
        let epsilons = || self.epsilons.iter().copied();
        (epsilons().fold(f64::INFINITY, f64::min), epsilons().fold(0.0, f64::max))
    }
}

impl Settings for AdamEpsilonSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        in_range("seeds", self.seeds, 2..=10_000)?;
        in_range("first_seed", self.first_seed, 0..=u64::MAX / 4)?;
        in_range("shallow", self.shallow, 3..=1_000)?;
        in_range("deep", self.deep, 3..=1_000)?;
        require(self.deep > self.shallow, "deep", self.deep, "it must be greater than `shallow`")?;
        in_range("width", self.width, 1..=8_192)?;
        in_range("epsilons", self.epsilons.len(), 2..=100)?;
        self.epsilons.iter().try_for_each(|epsilon| positive("epsilons", *epsilon))?;
        let is_told_apart = |i: usize| !self.epsilons[..i].contains(&self.epsilons[i]);
        let epsilons = format!("{:?}", self.epsilons);
        let are_told_apart = (0..self.epsilons.len()).all(is_told_apart);
        require(are_told_apart, "epsilons", epsilons, "each may appear only once")?;
        in_range("steps", self.steps, 1..=10_000_000)?;
        in_range("batch_size", self.batch_size, 1..=100_000)?;
        in_range("evaluate_every", self.evaluate_every, 1..=10_000_000)?;
        positive("learning_rate", self.learning_rate)?;
        in_range("target_accuracy", self.target_accuracy, 0.6..=1.0)
    }
}
