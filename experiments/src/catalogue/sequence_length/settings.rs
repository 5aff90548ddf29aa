//! The settings of the experiment.

use serde::{Deserialize, Serialize};

use crate::catalogue::learning::LearningSettings;
use crate::experiment::Preset;
use crate::settings::{Settings, SettingsError, in_range};

/// Settings of `sequence-length`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SequenceLengthSettings {
    /// Number of seeds that are judged.
    pub(super) seeds: u64,
    /// The first seed; the others follow it.
    pub(super) first_seed: u64,
    /// Sequence lengths at which the gradient flow is measured, at least two.
    pub(super) flow_lengths: Vec<usize>,
    /// Lengths of the adding problem.
    pub(super) lengths: Vec<usize>,
    /// Units of the recurrent layer whose gradient flow is measured.
    pub(super) flow_width: usize,
    /// Units of the recurrent layer that is trained.
    pub(super) hidden: usize,
    /// Optimiser steps per training, at most.
    pub(super) steps: u64,
    /// Sequences to train on: one epoch.
    pub(super) sequences: usize,
    /// Sequences per step.
    pub(super) batch_size: usize,
    /// Learning rates of Adam; each cell is trained at its best one.
    pub(super) rates: Vec<f64>,
    /// Seeds on which every rate is tried; none of them is judged.
    pub(super) tuning_seeds: u64,
    /// Bound on the gradient's global norm.
    pub(super) clip_norm: f64,
    /// Steps between two evaluations.
    pub(super) evaluate_every: u64,
}

impl SequenceLengthSettings {
    pub(super) fn of(preset: Preset) -> Self {
        let (seeds, lengths, steps, sequences) = match preset {
            Preset::Quick => (16, vec![10, 40], 1_000, 20_000),
            Preset::Standard => (8, vec![10, 50, 100, 200, 400], 3_000, 30_000),
            Preset::Paper => (10, vec![10, 50, 100, 200, 400, 1_000], 20_000, 100_000),
        };
        Self {
            seeds,
            first_seed: 0,
            flow_lengths: vec![10, 100, 1_000],
            lengths,
            flow_width: 64,
            hidden: 32,
            steps,
            sequences,
            batch_size: 20,
            rates: vec![3e-3, 1e-2],
            tuning_seeds: 3,
            clip_norm: 1.0,
            evaluate_every: steps / 30,
        }
    }

    /// The settings of the part that trains the cells.
    pub(super) fn learning(&self) -> LearningSettings {
        LearningSettings {
            seeds: self.seeds,
            first_seed: self.first_seed,
            lengths: self.lengths.clone(),
            hidden: self.hidden,
            steps: self.steps,
            sequences: self.sequences,
            batch_size: self.batch_size,
            rates: self.rates.clone(),
            tuning_seeds: self.tuning_seeds,
            clip_norm: self.clip_norm,
            evaluate_every: self.evaluate_every,
        }
    }

    /// The second longest and the longest length at which the flow is measured.
    pub(super) fn longest_flows(&self) -> (usize, usize) {
        let mut lengths = self.flow_lengths.clone();
        lengths.sort_unstable();
        let longest = lengths.pop().unwrap_or(0);
        (lengths.pop().unwrap_or(longest), longest)
    }
}

impl Settings for SequenceLengthSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        in_range("flow_lengths", self.flow_lengths.len(), 2..=100)?;
        for length in &self.flow_lengths {
            in_range("flow_lengths", *length, 10..=100_000)?;
        }
        in_range("flow_width", self.flow_width, 1..=8_192)?;
        self.learning().validate()
    }
}
