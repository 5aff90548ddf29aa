//! The settings of the experiment.

use backdraft_datasets::BinaryTask;
use backdraft_lab::settings::{Settings, SettingsError, in_range, positive, require};
use backdraft_record::Preset;
use serde::{Deserialize, Serialize};

/// Settings of `half-precision`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HalfPrecisionSettings {
    /// Number of seeds.
    pub(super) seeds: u64,
    /// The first seed; the others follow it.
    pub(super) first_seed: u64,
    /// Units per layer of the nets whose gradient is followed.
    pub(super) flow_width: usize,
    /// Inputs on which it is followed.
    pub(super) flow_batch: usize,
    /// The factor of the loss in the arms that scale it, a power of two.
    pub(super) loss_scale: f64,
    /// The task: `digits` (odd against even) or `teacher`.
    pub(super) data: BinaryTask,
    /// Hidden layers of the trained nets.
    pub(super) depth: usize,
    /// Their units per layer.
    pub(super) width: usize,
    /// Optimiser steps per training.
    pub(super) steps: u64,
    /// Examples per step.
    pub(super) batch_size: usize,
    /// Adam's learning rate.
    pub(super) learning_rate: f64,
    /// Adam's ε, so small that it plays no part (see `adam-epsilon`).
    pub(super) epsilon: f64,
    /// Steps between two evaluations.
    pub(super) evaluate_every: u64,
}

impl HalfPrecisionSettings {
    pub(super) fn of(preset: Preset) -> Self {
        let (seeds, flow_width, steps) = match preset {
            Preset::Quick => (10, 128, 450),
            Preset::Standard => (20, 256, 1_800),
            Preset::Paper => (20, 1_024, 4_500),
        };
        Self {
            seeds,
            first_seed: 0,
            flow_width,
            flow_batch: 16,
            loss_scale: 32_768.0,
            data: BinaryTask::DigitsParity,
            depth: 12,
            width: 64,
            steps,
            batch_size: 32,
            learning_rate: 1e-3,
            epsilon: 1e-20,
            evaluate_every: 15,
        }
    }
}

impl Settings for HalfPrecisionSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        in_range("seeds", self.seeds, 2..=10_000)?;
        in_range("first_seed", self.first_seed, 0..=u64::MAX / 4)?;
        in_range("flow_width", self.flow_width, 1..=8_192)?;
        in_range("flow_batch", self.flow_batch, 1..=10_000)?;
        in_range("loss_scale", self.loss_scale, 2.0..=65_536.0)?;
        let is_power = self.loss_scale.log2().fract() == 0.0;
        let requirement = "it must be a power of two, so that scaling does not round";
        require(is_power, "loss_scale", self.loss_scale, requirement)?;
        in_range("depth", self.depth, 3..=1_000)?;
        in_range("width", self.width, 1..=8_192)?;
        in_range("steps", self.steps, 1..=10_000_000)?;
        in_range("batch_size", self.batch_size, 1..=100_000)?;
        in_range("evaluate_every", self.evaluate_every, 1..=10_000_000)?;
        positive("learning_rate", self.learning_rate)?;
        positive("epsilon", self.epsilon)
    }
}
