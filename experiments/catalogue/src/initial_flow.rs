//! Settings and trials that the experiments on untrained networks share.

use std::ops::Range;

use backdraft_lab::measure::flow;
use backdraft_lab::settings::{Settings, SettingsError, in_range};
use backdraft_lab::{Task, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_record::{Factors, Picture, Results, TrialResult, by_layer};
use backdraft_rows::{QuantityName, Subject};
use backdraft_theory::{LayerStack, MeanField, NetworkTheory, Place};
use backdraft_zoo::NetworkConfig;
use serde::{Deserialize, Serialize};

/// Settings of an experiment on untrained networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FlowSettings {
    /// Number of seeds, each of which draws its own networks and inputs.
    pub(crate) seeds: u64,
    /// The first seed; the others follow it.
    pub(crate) first_seed: u64,
    /// Units of every layer.
    pub(crate) width: usize,
    /// Number of layers, or the largest such number.
    pub(crate) depth: usize,
    /// Inputs on which the gradient is measured.
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

    /// Returns the fully connected network that experiments vary. It has as many inputs as units,
    /// so that every weight matrix is square.
    pub(crate) fn mlp(&self) -> MlpConfig {
        let (width, depth) = (self.width, self.depth);
        MlpConfig { inputs: width, depth, width, ..Default::default() }
    }

    /// Returns mean-field theory's ln(‖∂L/∂h_l‖ / ‖∂L/∂h_(l+1)‖) from the first hidden layer on.
    /// Each passes through the pre-activations of layer l + 1, whose variance is q_(l+1).
    pub(crate) fn predicted_log_factors(
        &self,
        activation: Activation,
        initializer: Initializer,
    ) -> Vec<f64> {
        let variance = initializer.weight_variance(self.width, self.width) * self.width as f64;
        let field = MeanField::new(activation, variance, 0.0);
        // Gaussian inputs of variance 1 make first pre-activations of variance σw².
        field.log_factors(variance).take(self.depth - 1).collect()
    }

    /// Returns the predicted factor per layer, the geometric mean over the layers.
    pub(crate) fn predicted_factor(&self, activation: Activation, initializer: Initializer) -> f64 {
        let logs = self.predicted_log_factors(activation, initializer);
        (logs.iter().sum::<f64>() / logs.len() as f64).exp()
    }

    /// Returns the predicted norm of every layer, given the norm `last` of the last one.
    pub(crate) fn predicted_flow(
        &self,
        activation: Activation,
        initializer: Initializer,
        last: f64,
    ) -> Vec<(f64, f64)> {
        let mut level = last.ln();
        let logs = self.predicted_log_factors(activation, initializer);
        let mut flow = vec![(self.depth as f64, last)];
        for (layer, log) in logs.iter().enumerate().rev() {
            level += log;
            flow.push((layer as f64 + 1.0, level.exp()));
        }
        flow.reverse();
        flow
    }

    /// Plots the gradient by layer for these levels of the factor `network`.
    pub(crate) fn gradient_flow(&self, results: &Results, networks: &[&str]) -> Picture {
        let title = format!("Gradient reaching each of {} layers at initialisation", self.depth);
        let picture =
            Picture::new("gradient-flow", title, "hidden layer", "‖∂L/∂h‖, L2 over the batch");
        networks.iter().fold(picture.logarithmic(), |picture, network| {
            let trials = results.with(&[("network", network)]);
            picture.profile(
                *network,
                by_layer(&trials, &QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden),
            )
        })
    }

    /// Adds the theory to the lines of [`gradient_flow`](Self::gradient_flow), starting from the
    /// last layer's norm. Networks without a formula get none.
    pub(crate) fn beside_theory(
        &self,
        picture: Picture,
        arms: &[(Factors, NetworkConfig)],
    ) -> Picture {
        arms.iter().fold(picture, |picture, (factors, network)| {
            let label = factors.level("network").unwrap_or_default().to_owned();
            let measured = picture.series.iter().find(|series| series.label == label);
            let last = measured.and_then(|series| series.points.last()).map(|point| point.y);
            let (Some(last), NetworkConfig::Mlp(config)) = (last, network) else { return picture };
            let stack = LayerStack { depth: self.depth, ..layer_stack(config) };
            let Ok(theory) = NetworkTheory::of_layers(&stack) else { return picture };
            let point = |place: Place| (place.place as f64, last * place.gradient_norm());
            picture.predicted(&label, theory.places.into_iter().map(point))
        })
    }

    /// Measures the flow in every network for every seed.
    pub(crate) fn trials(&self, arms: &[(Factors, NetworkConfig)]) -> Vec<Trial> {
        self.trials_of(arms, flow)
    }

    /// Applies `measure` to every network for every seed.
    pub(crate) fn trials_of(
        &self,
        arms: &[(Factors, NetworkConfig)],
        measure: fn(NetworkConfig, usize, u64) -> Box<Task>,
    ) -> Vec<Trial> {
        let trial = |seed: u64, (factors, network): &(Factors, NetworkConfig)| Trial {
            factors: factors.clone(),
            seed,
            cost: 1,
            task: measure(network.clone(), self.batch, seed),
        };
        self.seeds().flat_map(|seed| arms.iter().map(move |arm| trial(seed, arm))).collect()
    }
}

/// Describes a network to the theory. Its inputs are Gaussian with variance 1 and as many as its units.
fn layer_stack(config: &MlpConfig) -> LayerStack {
    LayerStack {
        bias_variance: config.bias_variance,
        ..LayerStack::new(config.activation, config.initializer, config.depth)
            .with_width(config.width)
            .with_normalization(config.normalization)
            .with_skip(config.skip)
    }
}

/// Returns a fully connected network with its level of the factor `network`.
pub(crate) fn arm(name: &str, network: MlpConfig) -> (Factors, NetworkConfig) {
    (Factors::new([("network", name.to_owned())]), NetworkConfig::Mlp(network))
}

/// Returns ln ‖∂L/∂h_1‖ / ‖∂L/∂h_L‖, by seed, of the networks with this level of the factor `network`.
pub(crate) fn log_gains(results: &Results, network: &str) -> Vec<f64> {
    let trials = results.with(&[("network", network)]);
    trials.iter().filter_map(|trial| log_gain(trial, is_hidden)).collect()
}

/// Returns ln of ‖∂L/∂a‖, first over last of the taps that fit; `None` if it is not finite.
pub(crate) fn log_gain(trial: &TrialResult, fits: impl Fn(&Subject) -> bool) -> Option<f64> {
    let norms = trial.initial(&QuantityName::ACTIVATION_GRADIENT_NORM, fits);
    let gain = (norms.first()? / norms.last()?).ln();
    gain.is_finite().then_some(gain)
}

/// Returns ln of the factor of ‖∂L/∂h‖ per layer, by seed, of the networks with this level of the
/// factor `network`.
pub(crate) fn log_factors(results: &Results, network: &str) -> Vec<f64> {
    let trials = results.with(&[("network", network)]);
    let factor =
        |trial: &&TrialResult| trial.log_factor(&QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden);
    trials.iter().filter_map(factor).collect()
}

/// Selects the outputs of a residual network's blocks.
pub(crate) fn is_block(subject: &Subject) -> bool {
    subject.path().starts_with("blocks.") && !subject.path().ends_with(".hidden")
}

/// Selects the hidden layers of a fully connected network.
pub(crate) fn is_hidden(subject: &Subject) -> bool {
    subject.path().starts_with("hidden.")
}

/// Selects their weights.
pub(crate) fn is_hidden_weight(subject: &Subject) -> bool {
    is_hidden(subject) && subject.is_weight()
}
