//! Whether early layers learn.

use std::ops::Range;

use backdraft_datasets::ImageSet;
use backdraft_hooks::{GradientHook, Schedule, UpdateRatio};
use backdraft_lab::measure::{Arm, PROBE_ACCURACY, probing};
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::Activation;
use backdraft_mlp::Normalization;
use backdraft_record::{About, Factors, Picture, Point, Preset, Results, TrialResult, by_layer};
use backdraft_rows::QuantityName;
use backdraft_trainer::{OptimizerConfig, TrainerConfig};
use backdraft_verdicts::judgement::Sample;
use backdraft_verdicts::{Statement, Verdict};

use super::initial_flow::{is_hidden, is_hidden_weight};
use super::tournament::{Images, Task, Tournament};

/// Weight updates and linear probes, layer by layer.
pub(crate) struct EarlyLayers;

const SIGMOID_STILL: Statement = Statement {
    id: "sigmoid-early-layers-stand-still",
    statement: "The first layer of a deep sigmoid net moves less than a thousandth as fast as the \
                last.",
    rule: "‖ΔW‖ / ‖W‖ in the first step, first over last hidden layer: supported if the 95 % \
           interval of the geometric mean lies below 0.001, refuted if above.",
};
const RELU_MOVES: Statement = Statement {
    id: "relu-early-layers-move",
    statement: "The first layer of a ReLU net with He initialisation moves at least a tenth as \
                fast as the last.",
    rule: "The same ratio: supported if the 95 % interval lies above 0.1, refuted if below.",
};
const SIGMOID_LEARNS_NOTHING: Statement = Statement {
    id: "sigmoid-early-layers-learn-nothing",
    statement: "A linear probe finds no more in a sigmoid net's first layer after training than \
                before.",
    rule: "Test accuracy of the probe, after − before training: supported if the 95 % interval of \
           the mean lies below 0.005, refuted if above.",
};
const RELU_LEARNS: Statement = Statement {
    id: "relu-middle-layers-learn",
    statement: "A linear probe finds more in a ReLU net's middle layer after training than before.",
    rule: "The same difference in the middle hidden layer: supported if the 95 % interval lies above 0.01, \
           refuted if below.",
};
const RANDOM_LOSES: Statement = Statement {
    id: "random-layers-lose-the-answer",
    statement: "What a sigmoid net's early layers fail to learn is lost further up: even after \
                training, a linear probe finds less in the last layer than in the first.",
    rule: "Test accuracy of the probe after training, first − last hidden layer: supported if the 95 % \
           interval lies above 0.05, refuted if below.",
};

const ARMS: [Activation; 3] = [Activation::Sigmoid, Activation::Tanh, Activation::Relu];

fn hook() -> GradientHook {
    GradientHook::new(&[&UpdateRatio], Schedule::FirstThenEvery { first: 1, then: 0 })
}

fn trials_of(results: &Results, network: Activation) -> Vec<&TrialResult> {
    results.with(&[("network", network.name())])
}

/// ln of the relative update in the first step, first over last hidden layer.
fn update_ratios(results: &Results, network: Activation) -> Sample {
    let ratio = |trial: &&TrialResult| {
        let ratios = trial.initial(&QuantityName::UPDATE_RATIO, is_hidden_weight);
        Some((ratios.first()? / ratios.last()?).ln())
    };
    let logs = trials_of(results, network).iter().filter_map(ratio).collect();
    Sample::of_logs("‖ΔW‖ / ‖W‖, first over last", logs)
}

/// Probe accuracies by hidden layer, before and after training.
fn probes(trial: &TrialResult) -> [Vec<f64>; 2] {
    let after = trial.at_end(&PROBE_ACCURACY, is_hidden);
    [trial.initial(&PROBE_ACCURACY, is_hidden), after]
}

impl Experiment for EarlyLayers {
    type Settings = Tournament<Images>;

    const ABOUT: About = About {
        name: "early-layers",
        title: "What the early layers of deep nets learn, by update size and linear probes",
        question: "\"Early layers fail to learn\" is the usual complaint about vanishing \
            gradients. Do they fail, and what happens to the information in the layers above them?",
        sources: &[
            "G. Alain, Y. Bengio, Understanding intermediate layers using linear classifier probes, \
             arXiv:1610.01644, 2016, § 3.2 in later versions (probes)",
            "X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward \
             neural networks, AISTATS 2010, § 3.1",
        ],
        claims: &[SIGMOID_STILL, RELU_MOVES, SIGMOID_LEARNS_NOTHING, RELU_LEARNS, RANDOM_LOSES],
    };

    fn settings(preset: Preset) -> Tournament<Images> {
        let (data, images, width, steps) = match preset {
            Preset::Quick => (ImageSet::Digits, 2_000, 64, 400),
            Preset::Standard => (ImageSet::FashionMnist, 10_000, 128, 3_000),
            Preset::Paper => (ImageSet::FashionMnist, 60_000, 128, 20_000),
        };
        Tournament {
            seeds: 10,
            first_seed: 0,
            steps,
            batch_size: 32,
            // One rate for all: the statements compare layers of one net.
            rates: vec![0.1],
            tuning_seeds: 1,
            evaluate_every: steps / 4,
            task: Images { data, images, depths: vec![8], width, accuracy: 0.8 },
        }
    }

    fn seeds(settings: &Tournament<Images>) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &Tournament<Images>) -> anyhow::Result<Vec<Trial>> {
        let lessons = settings.task.lessons()?;
        let (_, depth) = settings.extremes();
        let arm = |activation: Activation| {
            let network = settings.mlp(activation, Normalization::None);
            let arm = settings.arm(activation.name(), OptimizerConfig::SGD, network);
            arm.at(depth, lessons(arm.form, depth)?)
        };
        let learning_rate = settings.rates.iter().copied().fold(0.0, f64::max);
        let mut trials = Vec::new();
        for seed in settings.seeds() {
            for activation in ARMS {
                let Arm { network, trainer, data, .. } = arm(activation)?;
                let trainer = TrainerConfig { seed, learning_rate, ..trainer };
                let task = probing(network, trainer, data, hook);
                let factors = Factors::new([("network", activation.name().to_owned())]);
                trials.push(Trial { factors, seed, cost: 1, task });
            }
        }
        Ok(trials)
    }

    fn judge(_: &Tournament<Images>, results: &Results) -> Vec<Verdict> {
        let sample = |network: Activation, of: fn(&TrialResult) -> Option<f64>| {
            let trials = trials_of(results, network);
            trials.iter().filter_map(|trial| of(trial)).collect::<Vec<f64>>()
        };
        let first_gain = sample(Activation::Sigmoid, |trial| {
            let [before, after] = probes(trial);
            Some(after.first()? - before.first()?)
        });
        let middle_gain = sample(Activation::Relu, |trial| {
            let [before, after] = probes(trial);
            Some(after.get(after.len() / 2)? - before.get(before.len() / 2)?)
        });
        let loss = sample(Activation::Sigmoid, |trial| {
            let [_, after] = probes(trial);
            Some(after.first()? - after.last()?)
        });
        vec![
            update_ratios(results, Activation::Sigmoid).stays_below(&SIGMOID_STILL, 0.001),
            update_ratios(results, Activation::Relu).exceeds(&RELU_MOVES, 0.1),
            Sample::new("gain in probe accuracy", first_gain)
                .stays_below(&SIGMOID_LEARNS_NOTHING, 0.005),
            Sample::new("gain in probe accuracy", middle_gain).exceeds(&RELU_LEARNS, 0.01),
            Sample::new("probe accuracy, first − last layer", loss).exceeds(&RANDOM_LOSES, 0.05),
        ]
    }

    fn pictures(_: &Tournament<Images>, results: &Results) -> Vec<Picture> {
        let accuracy = Picture::new(
            "probes",
            "Accuracy of a linear probe on each layer",
            "hidden layer",
            "test accuracy",
        );
        let accuracy = ARMS.iter().fold(accuracy, |picture, network| {
            let trials = trials_of(results, *network);
            let line = |which: usize| {
                let all: Vec<Vec<f64>> = trials.iter().map(|t| probes(t)[which].clone()).collect();
                let depth = all.iter().map(Vec::len).min().unwrap_or(0);
                let at = |layer: usize| all.iter().map(|a| a[layer]).collect::<Vec<f64>>();
                (0..depth).filter_map(|l| Point::mean(l as f64 + 1.0, &at(l))).collect::<Vec<_>>()
            };
            let name = network.name();
            picture
                .measured(format!("{name}, untrained"), line(0))
                .measured(format!("{name}, trained"), line(1))
        });
        let updates = Picture::new(
            "updates",
            "Relative size of the first update",
            "hidden layer",
            "‖ΔW‖ / ‖W‖",
        );
        let updates = ARMS.iter().fold(updates.logarithmic(), |picture, network| {
            let trials = trials_of(results, *network);
            let layers = by_layer(&trials, &QuantityName::UPDATE_RATIO, is_hidden_weight);
            picture.profile(network.name(), layers)
        });
        vec![accuracy, updates]
    }
}
