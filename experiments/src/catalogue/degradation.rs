//! Plain against residual convolutional nets, by depth.

use std::ops::Range;
use std::sync::Arc;

use anyhow::Context;
use backdraft_datasets::{Augmentation, ImageSet, Places};
use backdraft_hooks::{ActivationGradientNorm, GradientHook, GradientNorm, Schedule};
use backdraft_resnet::{ResnetConfig, ShortcutKind};
use backdraft_rows::QuantityName;
use backdraft_trainer::{OptimizerConfig, RateSchedule, TrainerConfig};
use backdraft_zoo::NetworkConfig;
use serde::{Deserialize, Serialize};

use super::initial_flow::{is_block, log_gain};
use crate::experiment::{About, Claim, Experiment, Preset};
use crate::judgement::Sample;
use crate::measure::{Supervised, training};
use crate::picture::{Picture, Point};
use crate::results::{Results, TrialResult, by_layer, by_step};
use crate::settings::{Settings, SettingsError, in_range, positive};
use crate::trial::{Factors, Trial};
use crate::verdict::Verdict;

/// The degradation problem of He et al. 2016.
pub(crate) struct Degradation;

const PLAIN_DEGRADES: Claim = Claim {
    id: "plain-degrades",
    statement: "A deeper plain net with batch normalisation ends with a higher training loss than \
                a shallower one.",
    rule: "Difference of the training loss after the last step, deepest − shallowest, paired by seed. \
           Supported if its 95 % interval lies above 0.02, refuted if below 0.02.",
};
const RESIDUAL_DOES_NOT: Claim = Claim {
    id: "residual-does-not",
    statement: "A deeper residual net does not end with a higher training loss than a shallower \
                one.",
    rule: "The same difference. Supported if its 95 % interval lies below 0.02, refuted if above.",
};
const NOT_VANISHING: Claim = Claim {
    id: "plain-gradients-vanish",
    statement: "The deepest plain net's gradient vanishes at initialisation, which would explain \
                its higher loss.",
    rule: "Ratio of ‖∂L/∂a‖, first over last block. Supported if the 95 % interval of its \
           geometric mean lies below 0.01, refuted if above. (He et al. consider it unlikely.)",
};

const PLAIN: &str = "plain";
const RESIDUAL: &str = "residual";

/// Settings of `degradation`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DegradationSettings {
    /// Number of seeds.
    seeds: u64,
    /// The first seed; the others follow it.
    first_seed: u64,
    /// The images: `digits` (embedded), `fashion-mnist`, `mnist`, `cifar-10`, …
    data: ImageSet,
    /// Images to train on, at most.
    images: usize,
    /// Depths of the form 6n + 2.
    depths: Vec<usize>,
    /// How training images are augmented.
    augmentation: Augmentation,
    /// Channels of the first stage.
    width: usize,
    /// Optimiser steps per training.
    steps: u64,
    /// Images per step.
    batch_size: usize,
    /// Learning rate at the start; it is divided by 10 after each third of the steps.
    rate: f64,
    /// Steps between two evaluations.
    evaluate_every: u64,
}

impl Settings for DegradationSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        in_range("seeds", self.seeds, 2..=10_000)?;
        in_range("first_seed", self.first_seed, 0..=u64::MAX / 4)?;
        in_range("images", self.images, 1..=10_000_000)?;
        in_range("depths", self.depths.len(), 2..=100)?;
        for depth in &self.depths {
            in_range("depths", *depth, 8..=1_202)?;
            if depth % 6 != 2 {
                return Err(SettingsError::Range {
                    key: "depths".to_owned(),
                    value: depth.to_string(),
                    requirement: "a depth must be of the form 6n + 2: 8, 14, 20, …".to_owned(),
                });
            }
        }
        in_range("augmentation.crop", self.augmentation.crop, 0..=32)?;
        in_range("width", self.width, 1..=1_024)?;
        in_range("steps", self.steps, 4..=10_000_000)?;
        in_range("batch_size", self.batch_size, 2..=100_000)?;
        in_range("evaluate_every", self.evaluate_every, 1..=10_000_000)?;
        positive("rate", self.rate)
    }
}

impl DegradationSettings {
    fn extremes(&self) -> (usize, usize) {
        let depths = || self.depths.iter().copied();
        (depths().min().unwrap_or(0), depths().max().unwrap_or(0))
    }
}

impl Experiment for Degradation {
    type Settings = DegradationSettings;

    const ABOUT: About = About {
        name: "degradation",
        title: "Deeper plain nets train worse, residual ones do not: is it the gradient?",
        question: "He et al. built residual nets because deeper plain nets had a higher training \
            error. They considered vanishing gradients an unlikely cause, since their nets had \
            batch normalisation. Does depth hurt the training of plain nets, do skips mend it, and \
            does the gradient vanish?",
        sources: &[
            "K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image recognition, CVPR \
             2016, § 4.1–4.2, figure 6",
        ],
        claims: &[PLAIN_DEGRADES, RESIDUAL_DOES_NOT, NOT_VANISHING],
    };

    fn settings(preset: Preset) -> DegradationSettings {
        let of = |data, images, depths, width, steps, batch_size| DegradationSettings {
            seeds: 5,
            first_seed: 0,
            data,
            images,
            depths,
            augmentation: Augmentation::default(),
            width,
            steps,
            batch_size,
            rate: 0.1,
            evaluate_every: steps / 8,
        };
        match preset {
            Preset::Quick => DegradationSettings {
                seeds: 12,
                ..of(ImageSet::Digits, 2_000, vec![8, 44], 4, 100, 64)
            },
            // No evaluation between the first and the last step: each costs as much as 52 steps.
            Preset::Standard => DegradationSettings {
                evaluate_every: 470,
                ..of(ImageSet::FashionMnist, 20_000, vec![20, 56], 16, 470, 64)
            },
            Preset::Paper => {
                let cifar = vec![20, 32, 44, 56, 110];
                let augmentation = Augmentation { crop: 4, flip: true };
                let paper = of(ImageSet::Cifar10, 50_000, cifar, 16, 64_000, 128);
                DegradationSettings { augmentation, ..paper }
            }
        }
    }

    fn seeds(settings: &DegradationSettings) -> Range<u64> {
        settings.first_seed..settings.first_seed + settings.seeds
    }

    fn trials(settings: &DegradationSettings) -> anyhow::Result<Vec<Trial>> {
        let mut images =
            settings.data.load(&Places::new(None)).context("cannot load the images")?;
        images.train = images.train.first(settings.images);
        let (input_shape, outputs) = (images.train.shape, images.train.classes);
        let data = Arc::new(Supervised::of_images(&images, settings.augmentation));
        let mut trials = Vec::new();
        for seed in Self::seeds(settings) {
            for &depth in &settings.depths {
                for (name, shortcut) in
                    [(PLAIN, ShortcutKind::None), (RESIDUAL, ShortcutKind::Padded)]
                {
                    let network = ResnetConfig {
                        input_shape,
                        outputs,
                        width: settings.width,
                        shortcut,
                        ..ResnetConfig::small_images(depth)
                    };
                    let factors =
                        Factors::new([("network", name.to_owned()), ("depth", depth.to_string())]);
                    let network = NetworkConfig::Resnet(network);
                    let data = Arc::clone(&data);
                    let held = move || Ok(Arc::clone(&data));
                    let task = training(network, trainer(settings, seed), held, hook);
                    trials.push(Trial { factors, seed, cost: depth as u64, task });
                }
            }
        }
        Ok(trials)
    }

    fn judge(settings: &DegradationSettings, results: &Results) -> Vec<Verdict> {
        let (shallow, deep) = settings.extremes();
        let accuracy = |network: &str, depth: usize| {
            let trials = trials_of(results, network, depth);
            let values: Vec<f64> = trials
                .iter()
                .filter_map(|trial| trial.last(&QuantityName::TEST_ACCURACY))
                .collect();
            let mean = 100.0 * values.iter().sum::<f64>() / values.len() as f64;
            format!("{mean:.1} % at depth {depth}")
        };
        let difference = |network: &str| {
            let losses = |depth| losses_at_end(results, network, depth);
            let pairs = losses(deep).into_iter().zip(losses(shallow));
            let differences = pairs.map(|(deep, shallow)| deep - shallow).collect();
            let (first, last) = (accuracy(network, shallow), accuracy(network, deep));
            Sample::new("difference of training loss", differences)
                .because(format!("test accuracy {first}, {last}"))
        };
        let plain = trials_of(results, PLAIN, deep);
        let ratios = plain.iter().filter_map(|trial| log_gain(trial, is_block)).collect();
        vec![
            difference(PLAIN).exceeds(&PLAIN_DEGRADES, 0.02),
            difference(RESIDUAL).stays_below(&RESIDUAL_DOES_NOT, 0.02),
            Sample::of_logs("‖∂L/∂a‖, first over last block", ratios)
                .stays_below(&NOT_VANISHING, 0.01),
        ]
    }

    fn pictures(settings: &DegradationSettings, results: &Results) -> Vec<Picture> {
        let title = "Training loss after the last step";
        let mut degradation = Picture::new("degradation", title, "depth", "cross-entropy");
        let mut learning = Picture::new(
            "learning",
            "Training loss of the batch",
            "optimiser step",
            "cross-entropy",
        )
        .logarithmic();
        let mut flow = Picture::new(
            "gradient-flow",
            "Gradient reaching each block at initialisation",
            "share of the depth",
            "‖∂L/∂a‖, L2 over the batch",
        )
        .logarithmic();
        for network in [PLAIN, RESIDUAL] {
            let ends = settings.depths.iter().filter_map(|depth| {
                Point::mean(*depth as f64, &losses_at_end(results, network, *depth))
            });
            degradation = degradation.measured(network, ends);
            for depth in &settings.depths {
                let trials = trials_of(results, network, *depth);
                let label = format!("{network}-{depth}");
                learning = learning.measured(label.clone(), by_step(&trials, &QuantityName::LOSS));
                let blocks = by_layer(&trials, &QuantityName::ACTIVATION_GRADIENT_NORM, is_block);
                let count = blocks.len() as f64;
                let shares = blocks.into_iter().map(|p| Point { x: p.x / count, ..p });
                flow = flow.measured(label, shares);
            }
        }
        vec![degradation, learning, flow]
    }
}

fn trials_of<'a>(results: &'a Results, network: &str, depth: usize) -> Vec<&'a TrialResult> {
    results.with(&[("network", network), ("depth", &depth.to_string())])
}

/// The training loss of every seed after the last step.
fn losses_at_end(results: &Results, network: &str, depth: usize) -> Vec<f64> {
    // A net that diverged has learnt nothing: it gets the loss of equal probabilities.
    let last =
        |trial: &TrialResult| trial.last(&QuantityName::TRAIN_LOSS).filter(|loss| loss.is_finite());
    let trials = trials_of(results, network, depth);
    trials.into_iter().map(|trial| last(trial).unwrap_or(10f64.ln())).collect()
}

/// He et al. 2016, § 4.2: momentum 0.9, weight decay 1e-4, the rate divided by 10 twice.
fn trainer(settings: &DegradationSettings, seed: u64) -> TrainerConfig {
    TrainerConfig {
        seed,
        steps: settings.steps,
        batch_size: settings.batch_size,
        optimizer: OptimizerConfig::Sgd { momentum: 0.9, weight_decay: 1e-4 },
        learning_rate: settings.rate,
        rate_schedule: RateSchedule::Step {
            every: settings.steps.div_ceil(3) as usize,
            factor: 0.1,
        },
        evaluate_every: settings.evaluate_every,
        ..Default::default()
    }
}

fn hook() -> GradientHook {
    GradientHook::new(
        &[&GradientNorm, &ActivationGradientNorm],
        Schedule::LogSpaced { per_decade: 3 },
    )
}
