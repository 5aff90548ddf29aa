//! How many steps batch normalisation saves.

use std::ops::Range;

use backdraft_datasets::ImageSet;
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::Activation;
use backdraft_mlp::Normalization;
use backdraft_record::{About, Picture, Preset, Results};
use backdraft_trainer::OptimizerConfig;
use backdraft_verdicts::{Statement, Verdict};

use super::tournament::{Images, Rates, Tournament, TournamentArm};

/// MLPs with and without batch normalisation, each at its best learning rate.
pub(crate) struct BatchNormSpeed;

const RELU_SOONER: Statement = Statement {
    id: "relu-learns-sooner",
    statement: "Batch normalisation lets a ReLU net of moderate depth with He initialisation learn \
                in fewer steps.",
    rule: "SGD, each at its best learning rate; the goal is a test accuracy of 90 % at the \
           smallest depth. Supported if the log-rank test finds the normalised net faster at the \
           5 % level and the other's mean time is at least 1.2 times as long; refuted if the test \
           finds it slower, or if the 95 % interval of the ratio lies below 1.2.",
};
const SIGMOID_SOONER: Statement = Statement {
    id: "sigmoid-learns-sooner",
    statement: "Batch normalisation lets a sigmoid net of moderate depth with Xavier \
                initialisation learn in fewer steps.",
    rule: "The same rule as for ReLU.",
};
const HIGHER_RATES: Statement = Statement {
    id: "bears-higher-rates",
    statement: "Batch normalisation lets a ReLU net learn at rates at which it cannot learn \
                otherwise.",
    rule: "At the largest rate tried, at the smallest depth: supported if the 95 % interval of the \
           difference of the shares of seeds that reach the goal lies above 0, refuted if below.",
};
const DEEP_SOONER: Statement = Statement {
    id: "deep-learns-sooner",
    statement: "At the greatest depth, where it makes gradients explode at initialisation, batch \
                normalisation still saves a ReLU net steps.",
    rule: "The same rule as for ReLU at the smallest depth, at the greatest depth.",
};

const RELU: &str = "relu";
const RELU_NORM: &str = "relu-batch-norm";
const SIGMOID: &str = "sigmoid";
const SIGMOID_NORM: &str = "sigmoid-batch-norm";
const FAST: &str = "relu-fast";
const FAST_NORM: &str = "relu-batch-norm-fast";
const ARMS: [&str; 4] = [RELU, RELU_NORM, SIGMOID, SIGMOID_NORM];

fn arms(settings: &Tournament<Images>) -> Vec<TournamentArm<Images>> {
    let arm = |name, activation, normalization| {
        settings.arm(name, OptimizerConfig::SGD, settings.mlp(activation, normalization))
    };
    let (none, batch) = (Normalization::None, Normalization::Batch);
    let largest = settings.rates.iter().copied().fold(0.0, f64::max);
    let fast =
        |arm: TournamentArm<Images>| TournamentArm { rates: Rates::BestOf(vec![largest]), ..arm };
    vec![
        arm(RELU, Activation::Relu, none),
        arm(RELU_NORM, Activation::Relu, batch),
        arm(SIGMOID, Activation::Sigmoid, none),
        arm(SIGMOID_NORM, Activation::Sigmoid, batch),
        fast(arm(FAST, Activation::Relu, none)),
        fast(arm(FAST_NORM, Activation::Relu, batch)),
    ]
}

impl Experiment for BatchNormSpeed {
    type Settings = Tournament<Images>;

    const ABOUT: About = About {
        name: "batch-norm-speed",
        title: "How many steps batch normalisation saves",
        question: "Batch normalisation is said to speed up training. By how much, if the net \
            without it gets the learning rate that suits it best? Are the higher rates the reason, \
            and does it hold at a depth where batch normalisation makes gradients explode at \
            initialisation?",
        sources: &[
            "S. Ioffe, C. Szegedy, Batch normalization: accelerating deep network training by \
             reducing internal covariate shift, ICML 2015, § 3.3 (higher rates), § 4.2.2, figures \
             2 and 3 (steps)",
            "G. Yang et al., A mean field theory of batch normalization, ICLR 2019, theorems 3.9 \
             and 3.10 (the explosion)",
        ],
        claims: &[RELU_SOONER, SIGMOID_SOONER, HIGHER_RATES, DEEP_SOONER],
    };

    fn settings(preset: Preset) -> Tournament<Images> {
        let (data, images, width, depths, steps) = match preset {
            Preset::Quick => (ImageSet::Digits, 2_000, 64, vec![5, 15], 320),
            Preset::Standard => (ImageSet::FashionMnist, 60_000, 128, vec![5, 20], 4_000),
            Preset::Paper => (ImageSet::FashionMnist, 60_000, 256, vec![5, 20, 50], 20_000),
        };
        Tournament {
            seeds: 8,
            first_seed: 0,
            steps,
            batch_size: 64,
            rates: vec![0.01, 0.03, 0.1, 0.3, 1.0, 3.0],
            tuning_seeds: 1,
            evaluate_every: steps / 40,
            task: Images {
                data,
                images,
                depths,
                width,
                accuracy: if preset == Preset::Quick { 0.9 } else { 0.85 },
            },
        }
    }

    fn seeds(settings: &Tournament<Images>) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &Tournament<Images>) -> anyhow::Result<Vec<Trial>> {
        settings.trials(&arms(settings))
    }

    fn judge(settings: &Tournament<Images>, results: &Results) -> Vec<Verdict> {
        let contest = settings.contest(results);
        let (shallow, deep) = settings.extremes();
        let sooner = |claim, depth, with: &str, without: &str| {
            contest.steps(with, depth).sooner_than(&contest.steps(without, depth), claim, 1.2)
        };
        let fast = |arm| contest.successes(arm, shallow);
        vec![
            sooner(&RELU_SOONER, shallow, RELU_NORM, RELU),
            sooner(&SIGMOID_SOONER, shallow, SIGMOID_NORM, SIGMOID),
            fast(FAST_NORM).exceed(&fast(FAST), &HIGHER_RATES, 0.0),
            sooner(&DEEP_SOONER, deep, RELU_NORM, RELU),
        ]
    }

    fn pictures(settings: &Tournament<Images>, results: &Results) -> Vec<Picture> {
        let contest = settings.contest(results);
        let (shallow, _) = settings.extremes();
        vec![contest.success_by_size(&ARMS), contest.success_by_step(&ARMS, shallow)]
    }
}
