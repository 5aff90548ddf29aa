//! The settings of the experiment.

use std::collections::HashSet;

use backdraft_datasets::BinaryTask;
use backdraft_lab::settings::{Settings, SettingsError, in_range, positive, require};
use backdraft_record::Preset;
use serde::{Deserialize, Serialize};

use super::ORIGINAL_DEPTH;

/// Settings of `sigmoid-vs-relu`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SigmoidVsReluSettings {
    /// Number of seeds.
    pub(super) seeds: u64,
    /// The first seed; the others follow it.
    pub(super) first_seed: u64,
    /// The task: `digits` (odd against even) or `teacher`.
    pub(super) data: BinaryTask,
    /// Numbers of hidden layers; must include 3, the depth of the tutorials' network.
    pub(super) depths: Vec<usize>,
    /// The depth at which the gradient flow is fitted; one of `depths`.
    pub(super) flow_depth: usize,
    /// Units per hidden layer.
    pub(super) width: usize,
    /// Optimiser steps per training.
    pub(super) steps: u64,
    /// Examples per step.
    pub(super) batch_size: usize,
    /// Learning rate of Adam.
    pub(super) adam_rate: f64,
    /// Learning rate of SGD.
    pub(super) sgd_rate: f64,
    /// Test accuracy at which a net counts as having learnt.
    pub(super) target_accuracy: f64,
    /// Steps between two evaluations, which is also the resolution of "steps to the target".
    pub(super) evaluate_every: u64,
}

impl SigmoidVsReluSettings {
    pub(super) fn of(preset: Preset) -> Self {
        let (seeds, steps) = match preset {
            Preset::Quick => (5, 450),
            Preset::Standard => (10, 1_800),
            Preset::Paper => (20, 4_500),
        };
        Self {
            seeds,
            first_seed: 0,
            data: BinaryTask::DigitsParity,
            depths: vec![1, ORIGINAL_DEPTH, 10, 20, 50],
            flow_depth: 20,
            width: 64,
            steps,
            batch_size: 32,
            adam_rate: 1e-3,
            sgd_rate: 1e-2,
            target_accuracy: 0.8,
            evaluate_every: 15,
        }
    }

    /// Returns the depths, the smallest first.
    pub(super) fn ascending_depths(&self) -> Vec<usize> {
        let mut depths = self.depths.clone();
        depths.sort_unstable();
        depths
    }
}

impl Settings for SigmoidVsReluSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        require(self.seeds >= 2, "seeds", self.seeds, "an interval needs at least 2 seeds")?;
        let is_counted = self.first_seed.checked_add(self.seeds).is_some();
        require(is_counted, "first_seed", self.first_seed, "the last seed is too large")?;
        let depths = |is_met, requirement| {
            require(is_met, "depths", format_args!("{:?}", self.depths), requirement)
        };
        let includes = |depth| self.depths.contains(&depth);
        let unique: HashSet<_> = self.depths.iter().collect();
        depths(!includes(0), "a network needs at least 1 hidden layer")?;
        depths(self.depths.iter().all(|depth| *depth <= 1_000), "a depth must be at most 1000")?;
        depths(unique.len() == self.depths.len(), "each depth may appear only once")?;
        depths(includes(ORIGINAL_DEPTH), "must include 3, the depth the statements are about")?;
        let is_flow = includes(self.flow_depth) && self.flow_depth >= ORIGINAL_DEPTH;
        let requirement = "it must be one of `depths` and at least 3";
        require(is_flow, "flow_depth", self.flow_depth, requirement)?;
        in_range("width", self.width, 1..=8_192)?;
        in_range("steps", self.steps, 1..=10_000_000)?;
        in_range("batch_size", self.batch_size, 1..=100_000)?;
        in_range("evaluate_every", self.evaluate_every, 1..=10_000_000)?;
        positive("adam_rate", self.adam_rate)?;
        positive("sgd_rate", self.sgd_rate)?;
        let is_target = self.target_accuracy > 0.6 && self.target_accuracy < 1.0;
        let requirement = "it must lie between 0.6, which counts as chance, and 1";
        require(is_target, "target_accuracy", self.target_accuracy, requirement)
    }
}
