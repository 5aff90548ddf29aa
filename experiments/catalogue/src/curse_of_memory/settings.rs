//! The settings of the experiment.

use backdraft_lab::settings::{Settings, SettingsError, in_range, positive, require};
use backdraft_record::Preset;
use serde::{Deserialize, Serialize};

/// Settings of `curse-of-memory`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CurseOfMemorySettings {
    /// Number of seeds.
    pub(super) seeds: u64,
    /// The first seed; the others follow it.
    pub(super) first_seed: u64,
    /// The factors λ, from short memories to long ones.
    pub(super) lambdas: Vec<f64>,
    /// Recurrences on whose states sensitivities are measured.
    pub(super) units: usize,
    /// Time steps over which they are measured, many times the longest memory.
    pub(super) length: usize,
    /// Sequences that are learnt from.
    pub(super) sequences: usize,
    /// Their time steps.
    pub(super) training_length: usize,
    /// Steps of gradient descent.
    pub(super) steps: u64,
    /// Learning rates.
    pub(super) rates: Vec<f64>,
}

impl CurseOfMemorySettings {
    pub(super) fn of(preset: Preset) -> Self {
        let (units, sequences) = match preset {
            Preset::Quick => (1_024, 16),
            Preset::Standard => (2_048, 32),
            Preset::Paper => (4_096, 128),
        };
        Self {
            seeds: 20,
            first_seed: 0,
            lambdas: vec![0.5, 0.9, 0.99],
            units,
            length: 800,
            sequences,
            training_length: 400,
            steps: 300,
            rates: vec![3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0],
        }
    }
}

impl Settings for CurseOfMemorySettings {
    fn validate(&self) -> Result<(), SettingsError> {
        in_range("seeds", self.seeds, 4..=10_000)?;
        in_range("first_seed", self.first_seed, 0..=u64::MAX / 4)?;
        in_range("lambdas", self.lambdas.len(), 1..=20)?;
        for lambda in &self.lambdas {
            let is_factor = *lambda >= 0.01 && *lambda <= 0.9999;
            require(is_factor, "lambdas", lambda, "it must lie between 0.01 and 0.9999")?;
        }
        let lambdas = format!("{:?}", self.lambdas);
        require(are_distinct(&self.lambdas), "lambdas", lambdas, "each may appear only once")?;
        in_range("units", self.units, 2..=1_000_000)?;
        in_range("length", self.length, 2..=100_000)?;
        in_range("sequences", self.sequences, 1..=100_000)?;
        in_range("training_length", self.training_length, 2..=100_000)?;
        in_range("steps", self.steps, 1..=1_000_000)?;
        in_range("rates", self.rates.len(), 1..=100)?;
        self.rates.iter().try_for_each(|rate| positive("rates", *rate))?;
        let rates = format!("{:?}", self.rates);
        require(are_distinct(&self.rates), "rates", rates, "each may appear only once")
    }
}

fn are_distinct(values: &[f64]) -> bool {
    (0..values.len()).all(|i| !values[..i].contains(&values[i]))
}
