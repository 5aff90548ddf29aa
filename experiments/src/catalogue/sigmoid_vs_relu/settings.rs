//! The settings of the experiment.

use backdraft_datasets::BinaryTask;
use serde::{Deserialize, Serialize};

use crate::experiment::Preset;
use crate::settings::{Settings, SettingsError};

/// Hidden layers of the tutorials' network.
pub(super) const ORIGINAL_DEPTH: usize = 3;

/// Settings of `sigmoid-vs-relu`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SigmoidVsReluSettings {
    /// Number of seeds.
    pub(crate) seeds: u64,
    /// The first seed; the others follow it.
    pub(crate) first_seed: u64,
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

    /// The greatest depth.
    pub(super) fn deepest(&self) -> usize {
        self.depths.iter().copied().max().unwrap_or(ORIGINAL_DEPTH)
    }
}

impl Settings for SigmoidVsReluSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        let refuse = |key: &str, value: String, requirement: &str| {
            Err(SettingsError::Range {
                key: key.to_owned(),
                value,
                requirement: requirement.to_owned(),
            })
        };
        let depths = || format!("{:?}", self.depths);
        if self.seeds < 2 {
            return refuse("seeds", self.seeds.to_string(), "an interval needs at least 2 seeds");
        }
        if self.first_seed.checked_add(self.seeds).is_none() {
            return refuse("first_seed", self.first_seed.to_string(), "the last seed is too large");
        }
        if self.depths.contains(&0) {
            return refuse("depths", depths(), "a network needs at least 1 hidden layer");
        }
        if self.depths.iter().any(|depth| *depth > 1_000) {
            return refuse("depths", depths(), "a depth must be at most 1000");
        }
        if (1..self.depths.len()).any(|i| self.depths[..i].contains(&self.depths[i])) {
            return refuse("depths", depths(), "each depth may appear only once");
        }
        if !self.depths.contains(&ORIGINAL_DEPTH) {
            return refuse(
                "depths",
                depths(),
                "must include 3, the depth the statements are about",
            );
        }
        if !self.depths.contains(&self.flow_depth) || self.flow_depth < ORIGINAL_DEPTH {
            let requirement = "it must be one of `depths` and at least 3";
            return refuse("flow_depth", self.flow_depth.to_string(), requirement);
        }
        if self.width == 0 || self.width > 8_192 {
            return refuse("width", self.width.to_string(), "it must be from 1 to 8192");
        }
        if self.steps == 0 || self.steps > 10_000_000 {
            return refuse("steps", self.steps.to_string(), "it must be from 1 to 10000000");
        }
        if self.batch_size == 0 {
            return refuse("batch_size", "0".into(), "it must be at least 1");
        }
        if self.evaluate_every == 0 {
            return refuse("evaluate_every", "0".into(), "it must be at least 1");
        }
        for (key, rate) in [("adam_rate", self.adam_rate), ("sgd_rate", self.sgd_rate)] {
            if !(rate > 0.0 && rate.is_finite()) {
                return refuse(key, rate.to_string(), "a learning rate must be positive");
            }
        }
        if !(self.target_accuracy > 0.6 && self.target_accuracy < 1.0) {
            let requirement = "it must lie between 0.6, which counts as chance, and 1";
            return refuse("target_accuracy", self.target_accuracy.to_string(), requirement);
        }
        Ok(())
    }
}
