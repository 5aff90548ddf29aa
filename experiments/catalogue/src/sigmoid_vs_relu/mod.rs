//! The example that most tutorials use, trained and measured.

mod claims;
mod judge;
mod pictures;
mod settings;

use std::ops::Range;

use anyhow::Context;
use backdraft_hooks::{
    ActivationGradientNorm, ActivationMean, ActivationStandardDeviation, DeadShare, GradientHook,
    GradientNorm, Quantity, SaturatedShare, Schedule, UpdateRatio,
};
use backdraft_lab::measure::{Data, Shared, Supervised, training};
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_record::{About, Factors, Picture, Preset, Results, TrialResult};
use backdraft_trainer::{OptimizerConfig, TrainerConfig};
use backdraft_verdicts::Verdict;
use backdraft_zoo::NetworkConfig;

use settings::SigmoidVsReluSettings;

/// Sigmoid against ReLU in the fully connected network of the Keras tutorials.
pub(crate) struct SigmoidVsRelu;

/// Hidden layers of the tutorials' network.
const ORIGINAL_DEPTH: usize = 3;

/// The networks: level of the factor `network`, activation, initialiser.
const NETWORKS: [(&str, Activation, Initializer); 3] = [
    (SIGMOID, Activation::Sigmoid, Initializer::XavierUniform),
    (RELU, Activation::Relu, Initializer::XavierUniform),
    (RELU_HE, Activation::Relu, Initializer::HeUniform),
];
const SIGMOID: &str = "sigmoid";
const RELU: &str = "relu";
const RELU_HE: &str = "relu-he";

/// The optimisers, by level of the factor `optimizer`.
const ADAM: &str = "adam";
const SGD: &str = "sgd";

/// What is observed.
const WATCHED: &[&dyn Quantity] = &[
    &GradientNorm,
    &UpdateRatio,
    &ActivationMean,
    &ActivationStandardDeviation,
    &ActivationGradientNorm,
    &SaturatedShare,
    &DeadShare,
];

fn trials_of<'a>(
    results: &'a Results,
    network: &str,
    optimizer: &str,
    depth: usize,
) -> Vec<&'a TrialResult> {
    let depth = depth.to_string();
    results.with(&[("network", network), ("optimizer", optimizer), ("depth", &depth)])
}

impl Experiment for SigmoidVsRelu {
    type Settings = SigmoidVsReluSettings;

    const ABOUT: About = About {
        name: "sigmoid-vs-relu",
        title: "Why sigmoid nets stop learning, and when they do not",
        question: "Most tutorials build 100 → 64 → 64 → 64 → 1 once with sigmoid and once with \
            ReLU hidden layers, say that the sigmoid net's gradients vanish, and stop there. Do \
            they vanish, by how much per layer, and does that keep the net from learning? The \
            answer turns out to depend on the depth and the optimiser (and Adam's limit on its ε: see \
            `adam-epsilon`).",
        sources: &[
            "X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward \
             neural networks, AISTATS 2010, § 3.1 and § 4.2",
            "K. He, X. Zhang, S. Ren, J. Sun, Delving deep into rectifiers, ICCV 2015, § 2.2, \
             equations 10 and 14",
            "S. S. Schoenholz, J. Gilmer, S. Ganguli, J. Sohl-Dickstein, Deep information \
             propagation, ICLR 2017",
            "D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, ICLR 2015, § 2.1",
        ],
        claims: claims::CLAIMS,
    };

    fn settings(preset: Preset) -> SigmoidVsReluSettings {
        SigmoidVsReluSettings::of(preset)
    }

    fn seeds(settings: &SigmoidVsReluSettings) -> Range<u64> {
        settings.first_seed..settings.first_seed + settings.seeds
    }

    fn trials(settings: &SigmoidVsReluSettings) -> anyhow::Result<Vec<Trial>> {
        let optimizers = [
            (ADAM, OptimizerConfig::ADAM, settings.adam_rate),
            (SGD, OptimizerConfig::SGD, settings.sgd_rate),
        ];
        let data = settings.data;
        let load = move |seed| data.load(seed).context("cannot load the data set");
        let first = load(settings.first_seed)?;
        let (inputs, width) = (first.train.features(), settings.width);
        let extent = Supervised::of_two_classes(&first).extent();
        let mut trials = Vec::new();
        for seed in Self::seeds(settings) {
            let mlp = MlpConfig { inputs, width, ..Default::default() };
            let trainer = TrainerConfig {
                seed,
                steps: settings.steps,
                batch_size: settings.batch_size,
                evaluate_every: settings.evaluate_every,
                ..Default::default()
            };
            // Thousands of seeds must not cost thousands of data sets.
            let shared = Shared::new(move || Ok(Supervised::of_two_classes(&load(seed)?)));
            let data = Data::drawn(extent, move |_| shared.get());
            for &depth in &settings.depths {
                for (network, activation, initializer) in NETWORKS {
                    let mlp = MlpConfig { depth, activation, initializer, ..mlp.clone() };
                    for (name, optimizer, learning_rate) in optimizers {
                        let trainer = TrainerConfig { optimizer, learning_rate, ..trainer.clone() };
                        let net = NetworkConfig::Mlp(mlp.clone());
                        let factors = Factors::new([
                            ("network", network.to_owned()),
                            ("optimizer", name.to_owned()),
                            ("depth", depth.to_string()),
                        ]);
                        let task = training(net, trainer, data.clone(), hook);
                        trials.push(Trial { factors, seed, cost: depth as u64, task });
                    }
                }
            }
        }
        Ok(trials)
    }

    fn judge(settings: &SigmoidVsReluSettings, results: &Results) -> Vec<Verdict> {
        judge::judge(settings, results)
    }

    fn pictures(settings: &SigmoidVsReluSettings, results: &Results) -> Vec<Picture> {
        pictures::pictures(settings, results)
    }
}

fn hook() -> GradientHook {
    GradientHook::new(WATCHED, Schedule::LogSpaced { per_decade: 3 })
}
