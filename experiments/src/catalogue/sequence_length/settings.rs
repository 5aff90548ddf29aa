//! What can be set.

use serde::{Deserialize, Serialize};

use crate::experiment::Preset;
use crate::settings::{Settings, SettingsError, in_range, positive};

/// Settings of `sequence-length`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SequenceLengthSettings {
    /// Number of seeds.
    pub(super) seeds: u64,
    /// The first seed; the others follow it.
    pub(super) first_seed: u64,
    /// Time steps over which the gradient's flow is measured.
    pub(super) flow_length: usize,
    /// Lengths of the adding problem.
    pub(super) lengths: Vec<usize>,
    /// Units of the recurrent layer.
    pub(super) hidden: usize,
    /// Optimiser steps of each training.
    pub(super) steps: u64,
    /// Sequences to train on; as many as are drawn in one epoch.
    pub(super) sequences: usize,
    /// Sequences per step.
    pub(super) batch_size: usize,
    /// Learning rate of Adam.
    pub(super) rate: f64,
    /// Bound of the gradient's global norm.
    pub(super) clip_norm: f64,
    /// Steps between two evaluations.
    pub(super) evaluate_every: u64,
}

impl SequenceLengthSettings {
    pub(super) fn of(preset: Preset) -> Self {
        let (seeds, flow_length, lengths, steps, sequences) = match preset {
            Preset::Quick => (5, 100, vec![5, 50], 1_000, 16_000),
            Preset::Standard => (5, 400, vec![5, 50, 200], 4_000, 50_000),
            Preset::Paper => (10, 1_000, vec![5, 50, 100, 200, 400], 20_000, 100_000),
        };
        Self {
            seeds,
            first_seed: 0,
            flow_length,
            lengths,
            hidden: 64,
            steps,
            sequences,
            batch_size: 32,
            rate: 3e-3,
            clip_norm: 1.0,
            evaluate_every: steps / 20,
        }
    }

    /// The shortest and the longest length of the adding problem.
    pub(super) fn extremes(&self) -> (usize, usize) {
        let lengths = || self.lengths.iter().copied();
        (lengths().min().unwrap_or(0), lengths().max().unwrap_or(0))
    }
}

impl Settings for SequenceLengthSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        in_range("seeds", self.seeds, 2..=10_000)?;
        in_range("first_seed", self.first_seed, 0..=u64::MAX / 4)?;
        in_range("flow_length", self.flow_length, 10..=100_000)?;
        in_range("lengths", self.lengths.len(), 1..=100)?;
        for length in &self.lengths {
            in_range("lengths", *length, 2..=100_000)?;
        }
        in_range("hidden", self.hidden, 1..=8_192)?;
        in_range("steps", self.steps, 1..=10_000_000)?;
        in_range("sequences", self.sequences, 1..=10_000_000)?;
        in_range("batch_size", self.batch_size, 1..=100_000)?;
        in_range("evaluate_every", self.evaluate_every, 1..=10_000_000)?;
        positive("rate", self.rate)?;
        positive("clip_norm", self.clip_norm)
    }
}
