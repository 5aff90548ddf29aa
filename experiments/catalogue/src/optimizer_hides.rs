//! What an optimiser hides.

use std::ops::Range;

use backdraft_datasets::ImageSet;
use backdraft_hooks::{Filter, GradientHook, GradientNorm, Schedule, UpdateRatio};
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::Activation;
use backdraft_mlp::Normalization;
use backdraft_record::{About, Picture, Preset, Results, TrialResult, by_layer};
use backdraft_rows::QuantityName;
use backdraft_trainer::OptimizerConfig;
use backdraft_verdicts::judgement::Sample;
use backdraft_verdicts::{Ruling, Statement, Verdict};

use super::initial_flow::is_hidden;
use super::tournament::{Contest, Images, Tournament, TournamentArm};

/// Sigmoid and ReLU nets under SGD and Adam.
pub(crate) struct OptimizerHides;

const SAME_START: Statement = Statement {
    id: "same-gradients",
    statement: "Under SGD and Adam, the same sigmoid net starts with the same gradients.",
    rule: "Norm of the weights' gradient at the first step, first over last hidden layer: absolute \
           difference of its logarithm between the two optimisers, paired by seed. Supported if \
           the 95 % interval of its mean lies below 1e-6, refuted if above.",
};
const SGD_SHOWS: Statement = Statement {
    id: "sgd-updates-vanish",
    statement: "Under SGD, a sigmoid net's first layer changes far less than its last: the update \
                shows the vanishing gradient.",
    rule: "‖ΔW‖ / ‖W‖ at the first step, first over last hidden layer. Supported if the 95 % interval of \
           its geometric mean lies below 0.1, refuted if above.",
};
const ADAM_HIDES: Statement = Statement {
    id: "adam-updates-level",
    statement: "Under Adam, all layers of a sigmoid net change about equally: the update hides the \
                vanishing gradient.",
    rule: "The same ratio. Supported if the 95 % interval of its geometric mean lies between 1/2 and 2, \
           refuted if outside.",
};
const STILL_THERE: Statement = Statement {
    id: "adam-does-not-cure",
    statement: "Adam does not cure the gradients: at the end of training, those of a sigmoid net's \
                first layer are still far smaller than those of the last.",
    rule: "Norm of the weights' gradient, first over last hidden layer, at the last observed step \
           under Adam. Supported if the 95 % interval of its geometric mean lies below 0.1, \
           refuted if above.",
};
const ADAM_LEARNS: Statement = Statement {
    id: "adam-learns",
    statement: "Under Adam, the sigmoid net learns all the same.",
    rule: "At its best learning rate: supported if the exact 95 % interval of the share of seeds \
           that reach the test accuracy lies above 1/2, refuted if below.",
};
const SGD_FAILS: Statement = Statement {
    id: "sgd-fails",
    statement: "Under SGD, even at its best learning rate, the sigmoid net does not learn.",
    rule: "As under Adam, but supported if the interval lies below 1/2, refuted if above.",
};
const RELU_ALIKE: Statement = Statement {
    id: "nothing-to-hide",
    statement: "In a ReLU net with He initialisation there is nothing to hide: SGD's updates are \
                about equal in all layers.",
    rule: "The same rule as for the sigmoid net under Adam.",
};

/// The arms: name, activation, optimiser.
const ARMS: [(&str, Activation, OptimizerConfig); 4] = [
    (SIGMOID_SGD, Activation::Sigmoid, OptimizerConfig::SGD),
    (SIGMOID_ADAM, Activation::Sigmoid, OptimizerConfig::ADAM),
    (RELU_SGD, Activation::Relu, OptimizerConfig::SGD),
    (RELU_ADAM, Activation::Relu, OptimizerConfig::ADAM),
];
const SIGMOID_SGD: &str = "sigmoid-sgd";
const SIGMOID_ADAM: &str = "sigmoid-adam";
const RELU_SGD: &str = "relu-sgd";
const RELU_ADAM: &str = "relu-adam";

fn hook() -> GradientHook {
    let schedule = Schedule::LogSpaced { per_decade: 4 };
    GradientHook::new(&[&GradientNorm, &UpdateRatio], schedule)
        .with_filter(Filter::all().include("hidden.*.linear.weight"))
}

impl Experiment for OptimizerHides {
    type Settings = Tournament<Images>;

    const ABOUT: About = About {
        name: "optimizer-hides",
        title: "The same nets under SGD and Adam: what the optimiser hides",
        question: "Adam divides every gradient by its size. Nets with vanishing gradients then \
            learn, and tutorials that use Adam conclude that there was no problem. What is the \
            same under both optimisers, what is different, and is anything cured?",
        sources: &[
            "D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, ICLR 2015, § 2.1",
            "X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward \
             neural networks, AISTATS 2010, § 3.1 and § 4.2.1, equation 6",
        ],
        claims: &[
            SAME_START,
            SGD_SHOWS,
            ADAM_HIDES,
            STILL_THERE,
            ADAM_LEARNS,
            SGD_FAILS,
            RELU_ALIKE,
        ],
    };

    fn settings(preset: Preset) -> Tournament<Images> {
        let (data, images, width, steps) = match preset {
            Preset::Quick => (ImageSet::Digits, 2_000, 64, 600),
            Preset::Standard => (ImageSet::FashionMnist, 60_000, 128, 3_000),
            Preset::Paper => (ImageSet::FashionMnist, 60_000, 256, 20_000),
        };
        Tournament {
            seeds: 10,
            first_seed: 0,
            steps,
            batch_size: 64,
            rates: vec![1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0],
            tuning_seeds: 1,
            evaluate_every: steps / 20,
            task: Images { data, images, depths: vec![5], width, accuracy: 0.7 },
        }
    }

    fn seeds(settings: &Tournament<Images>) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &Tournament<Images>) -> anyhow::Result<Vec<Trial>> {
        let arm = |(name, activation, optimizer)| {
            let network = settings.mlp(activation, Normalization::None);
            let arm = settings.arm(name, optimizer, network);
            TournamentArm { hook, ..arm }
        };
        settings.trials(&ARMS.map(arm))
    }

    fn judge(settings: &Tournament<Images>, results: &Results) -> Vec<Verdict> {
        let contest = settings.contest(results);
        let (_, depth) = settings.extremes();
        let update = |arm| {
            let values =
                |trial: &TrialResult| trial.initial(&QuantityName::UPDATE_RATIO, is_hidden);
            Sample::of_logs("first over last layer's update", log_ratios(&contest, arm, values))
        };
        let gradients = |arm| {
            log_ratios(&contest, arm, |trial| {
                trial.initial(&QuantityName::GRADIENT_NORM, is_hidden)
            })
        };
        let at_end = log_ratios(&contest, SIGMOID_ADAM, |trial| {
            trial.latest(&QuantityName::GRADIENT_NORM, is_hidden)
        });
        let pairs = gradients(SIGMOID_SGD).into_iter().zip(gradients(SIGMOID_ADAM));
        let distances = pairs.map(|(sgd, adam)| (sgd - adam).abs()).collect();
        let is_level = |claim: &Statement, sample: Sample| {
            let bound = 2f64.ln();
            sample.judge(claim, |e| {
                Ruling::of(e.lower > -bound && e.upper < bound, e.lower > bound || e.upper < -bound)
            })
        };
        vec![
            Sample::new("|difference of ln ratios|", distances).stays_below(&SAME_START, 1e-6),
            update(SIGMOID_SGD).stays_below(&SGD_SHOWS, 0.1),
            is_level(&ADAM_HIDES, update(SIGMOID_ADAM)),
            Sample::of_logs("first over last layer's gradient", at_end)
                .stays_below(&STILL_THERE, 0.1),
            contest.successes(SIGMOID_ADAM, depth).exceeds(&ADAM_LEARNS, 0.5),
            contest.successes(SIGMOID_SGD, depth).stays_below(&SGD_FAILS, 0.5),
            is_level(&RELU_ALIKE, update(RELU_SGD)),
        ]
    }

    fn pictures(settings: &Tournament<Images>, results: &Results) -> Vec<Picture> {
        let contest = settings.contest(results);
        let (_, depth) = settings.extremes();
        let draw = |name: &str, title: &str, quantity: &QuantityName, label: &str| {
            let picture = Picture::new(name, title, "hidden layer", label).logarithmic();
            ARMS.iter().fold(picture, |picture, (arm, _, _)| {
                picture.profile(*arm, by_layer(&contest.trials(arm, depth), quantity, is_hidden))
            })
        };
        let arms = ARMS.map(|(name, _, _)| name);
        vec![
            draw(
                "gradients",
                "Gradient at the first step",
                &QuantityName::GRADIENT_NORM,
                "‖∂L/∂W‖, L2",
            ),
            draw("updates", "Update of the first step", &QuantityName::UPDATE_RATIO, "‖ΔW‖ / ‖W‖"),
            contest.success_by_step(&arms, depth),
        ]
    }
}

/// Returns ln of a value, first over last hidden layer, by seed.
fn log_ratios(
    contest: &Contest<'_>,
    arm: &str,
    values: impl Fn(&TrialResult) -> Vec<f64>,
) -> Vec<f64> {
    let depth = contest.sizes.iter().copied().max().unwrap_or(0);
    let log = |trial: &TrialResult| {
        let layers = values(trial);
        Some((layers.first()? / layers.last()?).ln()).filter(|log| log.is_finite())
    };
    contest.trials(arm, depth).into_iter().filter_map(log).collect()
}
