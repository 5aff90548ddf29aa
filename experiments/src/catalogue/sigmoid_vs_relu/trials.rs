//! The trials: networks × optimisers × depths × seeds.

use std::sync::Arc;

use anyhow::Context;
use backdraft_hooks::{
    ActivationGradientNorm, ActivationMean, ActivationStandardDeviation, DeadShare, GradientHook,
    GradientNorm, SaturatedShare, Schedule, UpdateRatio,
};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_trainer::{OptimizerConfig, TrainerConfig};
use backdraft_zoo::NetworkConfig;

use super::settings::SigmoidVsReluSettings;
use crate::measure::{Shared, Supervised, training};
use crate::trial::{Factors, Trial};

/// The networks: level of the factor `network`, activation, initialiser.
pub(super) const NETWORKS: [(&str, Activation, Initializer); 3] = [
    (SIGMOID, Activation::Sigmoid, Initializer::XavierUniform),
    (RELU, Activation::Relu, Initializer::XavierUniform),
    (RELU_HE, Activation::Relu, Initializer::HeUniform),
];
pub(super) const SIGMOID: &str = "sigmoid";
pub(super) const RELU: &str = "relu";
pub(super) const RELU_HE: &str = "relu-he";

/// The optimisers, by level of the factor `optimizer`.
pub(super) const ADAM: &str = "adam";
pub(super) const SGD: &str = "sgd";

pub(super) fn trials(settings: &SigmoidVsReluSettings) -> anyhow::Result<Vec<Trial>> {
    let data = settings.data;
    let load = move |seed| data.load(seed).context("cannot load the data set");
    let inputs = load(settings.first_seed)?.train.features();
    let mut trials = Vec::new();
    for seed in settings.first_seed..settings.first_seed + settings.seeds {
        // Thousands of seeds must not cost thousands of data sets.
        let shared = Arc::new(Shared::new(move || Ok(Supervised::of_two_classes(&load(seed)?))));
        for &depth in &settings.depths {
            for (network, activation, initializer) in NETWORKS {
                let mlp = MlpConfig {
                    inputs,
                    depth,
                    width: settings.width,
                    activation,
                    initializer,
                    ..Default::default()
                };
                for (optimizer, config) in optimizers(settings, seed) {
                    let factors = Factors::new([
                        ("network", network.to_owned()),
                        ("optimizer", optimizer.to_owned()),
                        ("depth", depth.to_string()),
                    ]);
                    let shared = Arc::clone(&shared);
                    let network = NetworkConfig::Mlp(mlp.clone());
                    let task = training(network, config, move || shared.get(), hook);
                    trials.push(Trial { factors, seed, cost: depth as u64, task });
                }
            }
        }
    }
    Ok(trials)
}

fn optimizers(settings: &SigmoidVsReluSettings, seed: u64) -> [(&'static str, TrainerConfig); 2] {
    let config = |optimizer, learning_rate| TrainerConfig {
        seed,
        steps: settings.steps,
        batch_size: settings.batch_size,
        optimizer,
        learning_rate,
        evaluate_every: settings.evaluate_every,
        ..Default::default()
    };
    [
        (ADAM, config(OptimizerConfig::ADAM, settings.adam_rate)),
        (SGD, config(OptimizerConfig::SGD, settings.sgd_rate)),
    ]
}

fn hook() -> GradientHook {
    GradientHook::new(
        &[
            &GradientNorm,
            &UpdateRatio,
            &ActivationMean,
            &ActivationStandardDeviation,
            &ActivationGradientNorm,
            &SaturatedShare,
            &DeadShare,
        ],
        Schedule::LogSpaced { per_decade: 3 },
    )
}
