//! Plain against residual convolutional nets, by depth.

mod settings;

use std::ops::Range;

use anyhow::Context;
use backdraft_hooks::{ActivationGradientNorm, GradientHook, GradientNorm, Schedule};
use backdraft_lab::measure::{Assignment, Portion, Source, training};
use backdraft_lab::{Experiment, Trial};
use backdraft_record::{
    About, Factors, Picture, Point, Preset, Results, TrialResult, by_layer, by_step,
};
use backdraft_resnet::{ResnetConfig, ShortcutKind};
use backdraft_rows::QuantityName;
use backdraft_trainer::{OptimizerConfig, RateSchedule, TrainerConfig};
use backdraft_verdicts::judgement::Sample;
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::initial_flow::{is_block, log_gain};
use settings::DegradationSettings;

/// The degradation problem of He et al. 2016.
pub(crate) struct Degradation;

const PLAIN_DEGRADES: Statement = Statement {
    id: "plain-degrades",
    statement: "A deeper plain net with batch normalisation ends with a higher training loss than \
                a shallower one.",
    rule: "Difference of the training loss after the last step, deepest − shallowest, paired by seed. \
           Supported if its 95 % interval lies above 0.02, refuted if below 0.02.",
};
const RESIDUAL_DOES_NOT: Statement = Statement {
    id: "residual-does-not",
    statement: "A deeper residual net does not end with a higher training loss than a shallower \
                one.",
    rule: "The same difference. Supported if its 95 % interval lies below 0.02, refuted if above.",
};
const NOT_VANISHING: Statement = Statement {
    id: "plain-gradients-vanish",
    statement: "The deepest plain net's gradient vanishes at initialisation, which would explain \
                its higher loss.",
    rule: "Ratio of ‖∂L/∂a‖, first over last block. Supported if the 95 % interval of its \
           geometric mean lies below 0.01, refuted if above. (He et al. consider it unlikely.)",
};

const PLAIN: &str = "plain";
const RESIDUAL: &str = "residual";

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
        DegradationSettings::of(preset)
    }

    fn seeds(settings: &DegradationSettings) -> Range<u64> {
        settings.first_seed..settings.first_seed + settings.seeds
    }

    fn trials(settings: &DegradationSettings) -> anyhow::Result<Vec<Trial>> {
        let &DegradationSettings { images: examples, augmentation, .. } = settings;
        let portion = Portion { examples, length: 0, augmentation };
        let Assignment { data, shape } = Source::Images(settings.data).load(portion)?;
        let mut trials = Vec::new();
        for seed in Self::seeds(settings) {
            for &depth in &settings.depths {
                for (name, shortcut) in
                    [(PLAIN, ShortcutKind::None), (RESIDUAL, ShortcutKind::Padded)]
                {
                    let network = ResnetConfig {
                        width: settings.width,
                        shortcut,
                        ..ResnetConfig::small_images(depth)
                    };
                    let network = NetworkConfig::Resnet(network).fitted(&shape);
                    let network = network.context("a residual net cannot take these images")?;
                    let factors =
                        Factors::new([("network", name.to_owned()), ("depth", depth.to_string())]);
                    let task = training(network, trainer(settings, seed), data.clone(), hook);
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
                let shares = blocks.points.into_iter().map(|p| Point { x: p.x / count, ..p });
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
