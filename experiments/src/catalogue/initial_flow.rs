//! What experiments on untrained networks share: their settings and their trials.

use std::ops::Range;

use backdraft_mlp::MlpConfig;
use backdraft_zoo::NetworkConfig;
use serde::{Deserialize, Serialize};

use crate::measure::flow;
use crate::picture::Picture;
use crate::results::{Results, TrialResult, by_layer};
use crate::settings::{Settings, SettingsError, in_range};
use crate::trial::{Factors, Trial};

/// Settings of an experiment that looks at networks as they start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FlowSettings {
    /// Number of seeds, each of which draws its own networks and inputs.
    pub(crate) seeds: u64,
    /// The first seed; the others follow it.
    pub(crate) first_seed: u64,
    /// Units of every layer.
    pub(crate) width: usize,
    /// Layers, or the largest number of them.
    pub(crate) depth: usize,
    /// Inputs that the gradient is measured with.
    pub(crate) batch: usize,
}

impl Settings for FlowSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        in_range("seeds", self.seeds, 2..=100_000)?;
        in_range("first_seed", self.first_seed, 0..=u64::MAX / 4)?;
        in_range("width", self.width, 1..=8_192)?;
        in_range("depth", self.depth, 3..=1_000)?;
        in_range("batch", self.batch, 1..=10_000)
    }
}

impl FlowSettings {
    /// Returns the seeds.
    pub(crate) fn seeds(&self) -> Range<u64> {
        self.first_seed..self.first_seed + self.seeds
    }

    /// Returns the fully connected network that experiments change: as many inputs as units, so that
    /// every weight matrix is square.
    pub(crate) fn mlp(&self) -> MlpConfig {
        let (width, depth) = (self.width, self.depth);
        MlpConfig { inputs: width, depth, width, ..Default::default() }
    }

    /// Draws the gradient by layer of the networks with these levels of the factor `network`.
    pub(crate) fn gradient_flow(&self, results: &Results, networks: &[&str]) -> Picture {
        let title = format!("Gradient reaching each of {} layers at initialisation", self.depth);
        let picture =
            Picture::new("gradient-flow", title, "hidden layer", "‖∂L/∂h‖, L2 over the batch");
        networks.iter().fold(picture.logarithmic(), |picture, network| {
            let trials = results.with(&[("network", network)]);
            picture.measured(*network, by_layer(&trials, "activation_gradient_norm", is_hidden))
        })
    }

    /// Looks at every network with every seed.
    pub(crate) fn trials(&self, arms: &[(Factors, NetworkConfig)]) -> Vec<Trial> {
        let trial = |seed: u64, (factors, network): &(Factors, NetworkConfig)| Trial {
            factors: factors.clone(),
            seed,
            cost: 1,
            task: flow(network.clone(), self.batch, seed),
        };
        self.seeds().flat_map(|seed| arms.iter().map(move |arm| trial(seed, arm))).collect()
    }
}

/// Returns ln of the factor of ‖∂L/∂h‖ per layer, by seed, of the networks with this level of the
/// factor `network`.
pub(crate) fn log_factors(results: &Results, network: &str) -> Vec<f64> {
    let trials = results.with(&[("network", network)]);
    let factor = |trial: &&TrialResult| trial.log_factor("activation_gradient_norm", is_hidden);
    trials.iter().filter_map(factor).collect()
}

/// Selects the hidden layers of a fully connected network.
pub(crate) fn is_hidden(name: &str) -> bool {
    name.starts_with("hidden.")
}
