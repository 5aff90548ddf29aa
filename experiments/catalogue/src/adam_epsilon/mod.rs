//! What Adam's ε does to vanishing gradients.

mod claims;
mod judge;
mod settings;

use std::ops::Range;

use anyhow::Context;
use backdraft_hooks::{Filter, GradientHook, GradientNorm, Schedule, UpdateRatio, WeightNorm};
use backdraft_lab::measure::{Data, Shared, Supervised, training};
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_record::{About, Factors, Picture, Preset, Results};
use backdraft_trainer::{OptimizerConfig, TrainerConfig};
use backdraft_verdicts::Verdict;
use backdraft_zoo::NetworkConfig;

use settings::AdamEpsilonSettings;

/// Sigmoid nets under Adam with various ε.
pub(crate) struct AdamEpsilon;

/// The net of `sigmoid-vs-relu`: activation and initialiser.
const SIGMOID: (Activation, Initializer) = (Activation::Sigmoid, Initializer::XavierUniform);

/// Returns the factors of the nets of this depth under this ε.
fn factors(depth: usize, epsilon: f64) -> Factors {
    Factors::new([("depth", depth.to_string()), ("epsilon", format!("{epsilon:e}"))])
}

fn hook() -> GradientHook {
    GradientHook::new(
        &[&GradientNorm, &UpdateRatio, &WeightNorm],
        Schedule::LogSpaced { per_decade: 3 },
    )
    .with_filter(Filter::all().include("hidden.*.linear.weight"))
}

impl Experiment for AdamEpsilon {
    type Settings = AdamEpsilonSettings;

    const ABOUT: About = About {
        name: "adam-epsilon",
        title: "Adam's ε decides which layers of a sigmoid net move",
        question: "Adam divides each gradient by its size, so vanishing gradients should not matter. But \
            it divides by |g| + ε, and under 20 sigmoid layers gradients lie far below any usual ε. \
            How many layers does ε reach, and is it the reason why a sigmoid net of depth 20 does not \
            learn under Adam?",
        sources: &[
            "D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, ICLR 2015, algorithm 1",
            "M. Wortsman, P. J. Liu, L. Xiao, K. Everett, et al., Small-scale proxies for large-scale \
             Transformer training instabilities, ICLR 2024 (updates vanish where gradients fall to ε; \
             read in excerpt only, so the rules are ours)",
        ],
        claims: claims::CLAIMS,
    };

    fn settings(preset: Preset) -> AdamEpsilonSettings {
        AdamEpsilonSettings::of(preset)
    }

    fn seeds(settings: &AdamEpsilonSettings) -> Range<u64> {
        settings.first_seed..settings.first_seed + settings.seeds
    }

    fn trials(settings: &AdamEpsilonSettings) -> anyhow::Result<Vec<Trial>> {
        let data = settings.data;
        let load = move |seed| data.load(seed).context("cannot load the data set");
        let first = load(settings.first_seed)?;
        let extent = Supervised::of_two_classes(&first).extent();
        let (activation, initializer) = SIGMOID;
        let mlp = MlpConfig {
            inputs: first.train.features(),
            width: settings.width,
            activation,
            initializer,
            ..Default::default()
        };
        let mut trials = Vec::new();
        for seed in Self::seeds(settings) {
            let shared = Shared::new(move || Ok(Supervised::of_two_classes(&load(seed)?)));
            let data = Data::drawn(extent, move |_| shared.get());
            for (&depth, &epsilon) in settings.arms() {
                let trainer = TrainerConfig {
                    seed,
                    steps: settings.steps,
                    batch_size: settings.batch_size,
                    optimizer: OptimizerConfig::Adam { beta_1: 0.9, beta_2: 0.999, epsilon },
                    learning_rate: settings.learning_rate,
                    evaluate_every: settings.evaluate_every,
                    ..Default::default()
                };
                let network = NetworkConfig::Mlp(MlpConfig { depth, ..mlp.clone() });
                let task = training(network, trainer, data.clone(), hook);
                trials.push(Trial {
                    factors: factors(depth, epsilon),
                    seed,
                    cost: depth as u64,
                    task,
                });
            }
        }
        Ok(trials)
    }

    fn judge(settings: &AdamEpsilonSettings, results: &Results) -> Vec<Verdict> {
        judge::judge(settings, results)
    }

    fn pictures(settings: &AdamEpsilonSettings, results: &Results) -> Vec<Picture> {
        judge::pictures(settings, results)
    }
}
