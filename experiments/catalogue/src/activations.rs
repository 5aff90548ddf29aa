//! Nine activations with equal initialisation.

use std::ops::Range;

use backdraft_datasets::ImageSet;
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_record::{About, Picture, Preset, Results};
use backdraft_trainer::OptimizerConfig;
use backdraft_verdicts::judgement::{Sample, in_every_case};
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::initial_flow::{FlowSettings, arm, log_factors};
use super::tournament::{Images, Tournament, TournamentArm};

/// Gradient flow, speed and depth of nine activations with Xavier initialisation.
pub(crate) struct Activations;

const SIGMOID_WORST: Statement = Statement {
    id: "sigmoid-keeps-least",
    statement: "With equal initialisation, a sigmoid net keeps less of its gradient per layer than \
                a net with any other activation.",
    rule: "At initialisation, at four times the width and the greatest depth: ratio of the factors \
           per layer, the other activation's over sigmoid's, paired by seed. Supported if every \
           95 % interval lies above 1.1, refuted if one lies below.",
};
const TANH_WORSE: Statement = Statement {
    id: "tanh-keeps-less-than-relu",
    statement: "With equal initialisation, a tanh net keeps less of its gradient per layer than a \
                ReLU net.",
    rule: "The same ratio, ReLU's over tanh's: supported if its 95 % interval lies above 1, \
           refuted if below.",
};
const SOONER_THAN_SIGMOID: Statement = Statement {
    id: "relu-sooner-than-sigmoid",
    statement: "With equal initialisation, at the smallest depth, a ReLU net learns in fewer steps \
                than a sigmoid net.",
    rule: "SGD, each at its best learning rate. Supported if the log-rank test finds ReLU faster \
           at the 5 % level and the other's mean time is at least 1.2 times ReLU's; refuted if the \
           test finds it slower, or if the 95 % interval of the ratio lies below 1.2.",
};
const SOONER_THAN_TANH: Statement = Statement {
    id: "relu-sooner-than-tanh",
    statement: "With equal initialisation, at the smallest depth, a ReLU net learns in fewer steps \
                than a tanh net.",
    rule: "The same rule as against sigmoid.",
};
const DEEPER_THAN_SIGMOID: Statement = Statement {
    id: "relu-deeper-than-sigmoid",
    statement: "With equal initialisation, at the greatest depth, ReLU nets learn where sigmoid \
                nets do not.",
    rule: "Supported if the 95 % interval of the difference of the shares of seeds that reach the target lies \
           above 0, refuted if below.",
};
const DEEPER_THAN_TANH: Statement = Statement {
    id: "relu-deeper-than-tanh",
    statement: "With equal initialisation, at the greatest depth, ReLU nets learn where tanh nets \
                do not.",
    rule: "The same rule as against sigmoid.",
};
const OWN_SOONER: Statement = Statement {
    id: "relu-he-sooner-than-tanh",
    statement: "At the smallest depth, a ReLU net with He initialisation learns in fewer steps \
                than a tanh net with Xavier initialisation.",
    rule: "The same rule as with equal initialisation.",
};
const OWN_DEEPER: Statement = Statement {
    id: "relu-he-deeper-than-sigmoid",
    statement: "At the greatest depth, ReLU nets with He initialisation learn where sigmoid nets \
                with Xavier initialisation do not.",
    rule: "The same rule as with equal initialisation.",
};
const KIN_LEARN: Statement = Statement {
    id: "kin-of-relu-learn-deep",
    statement: "At the greatest depth, nets with leaky ReLU, ELU, SELU, GELU and SiLU learn.",
    rule: "Supported if for each activation the exact 95 % interval of the share of seeds that \
           reach the target lies above 0.5, refuted if for one it lies below.",
};

const ALL: [Activation; 9] = [
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::Relu,
    Activation::LeakyRelu,
    Activation::Elu,
    Activation::Selu,
    Activation::Gelu,
    Activation::Silu,
    Activation::Softsign,
];
const KIN: [Activation; 5] =
    [Activation::LeakyRelu, Activation::Elu, Activation::Selu, Activation::Gelu, Activation::Silu];

/// The arm with its own initialiser.
const RELU_HE: &str = "relu-he";

/// The untrained nets.
fn flow(settings: &Tournament<Images>) -> FlowSettings {
    FlowSettings {
        seeds: 2 * settings.seeds,
        first_seed: settings.first_seed,
        width: 4 * settings.task.width,
        depth: settings.extremes().1.max(3),
        batch: 8,
    }
}

fn arms(settings: &Tournament<Images>) -> Vec<TournamentArm<Images>> {
    let width = settings.task.width;
    let arm = |name: &str, activation: Activation, initializer: Initializer| {
        settings.arm(name, OptimizerConfig::SGD, move |depth| {
            NetworkConfig::Mlp(MlpConfig {
                depth,
                width,
                activation,
                initializer,
                ..Default::default()
            })
        })
    };
    let equal = ALL.iter().map(|a| arm(a.name(), *a, Initializer::XavierNormal));
    equal.chain([arm(RELU_HE, Activation::Relu, Initializer::HeNormal)]).collect()
}

impl Experiment for Activations {
    type Settings = Tournament<Images>;

    const ABOUT: About = About {
        name: "activations",
        title: "Nine activations with one initialiser: how much gradient is left, how fast and how \
                deep they learn",
        question: "\"Sigmoid is worse than tanh, and tanh is worse than ReLU; ReLU learns faster \
            and scales to greater depth.\" Which of this is true of nets that differ only in their \
            activation, all with Xavier initialisation?",
        sources: &[
            "X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward \
             neural networks, AISTATS 2010, § 3.1–3.2 (saturation), § 4.2.1, equation 16 (the \
             initialiser)",
            "X. Glorot, A. Bordes, Y. Bengio, Deep sparse rectifier neural networks, AISTATS 2011, \
             § 3.1 (gradients on active paths), table 1 (rectifier against tanh)",
            "A. Krizhevsky, I. Sutskever, G. E. Hinton, ImageNet classification with deep convolutional \
             neural networks, NeurIPS 2012, figure 1: ReLU against tanh",
        ],
        claims: &[
            SIGMOID_WORST,
            TANH_WORSE,
            SOONER_THAN_SIGMOID,
            SOONER_THAN_TANH,
            DEEPER_THAN_SIGMOID,
            DEEPER_THAN_TANH,
            OWN_SOONER,
            OWN_DEEPER,
            KIN_LEARN,
        ],
    };

    fn settings(preset: Preset) -> Tournament<Images> {
        let (seeds, data, images, width, depths, steps) = match preset {
            Preset::Quick => (20, ImageSet::Digits, 2_000, 32, vec![3, 15], 250),
            Preset::Standard => {
                (10, ImageSet::FashionMnist, 60_000, 128, vec![3, 10, 20, 40], 2_000)
            }
            Preset::Paper => (10, ImageSet::FashionMnist, 60_000, 256, vec![3, 10, 20, 40], 10_000),
        };
        Tournament {
            seeds,
            first_seed: 0,
            steps,
            batch_size: 32,
            rates: vec![0.01, 0.1, 1.0],
            tuning_seeds: 3,
            evaluate_every: steps / 25,
            task: Images { data, images, depths, width, accuracy: 0.8 },
        }
    }

    fn seeds(settings: &Tournament<Images>) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &Tournament<Images>) -> anyhow::Result<Vec<Trial>> {
        let flow = flow(settings);
        let initializer = Initializer::XavierNormal;
        let untrained = ALL.map(|activation| {
            arm(activation.name(), MlpConfig { activation, initializer, ..flow.mlp() })
        });
        let mut trials = settings.trials(&arms(settings))?;
        trials.extend(flow.trials(&untrained));
        Ok(trials)
    }

    fn judge(settings: &Tournament<Images>, results: &Results) -> Vec<Verdict> {
        let contest = settings.contest(results);
        let (shallow, deep) = settings.extremes();
        let ratio = |more: Activation, less: Activation| {
            let [more, less] = [more, less].map(|a| log_factors(results, a.name()));
            let told = |logs: &[f64]| (logs.iter().sum::<f64>() / logs.len() as f64).exp();
            let evidence = format!("{:.3} and {:.3}", told(&more), told(&less));
            let ratios = more.iter().zip(&less).map(|(more, less)| more - less).collect();
            Sample::of_logs("ratio of factors per layer", ratios).because(evidence)
        };
        let others = ALL.iter().filter(|activation| **activation != Activation::Sigmoid);
        let worst = |other: &Activation| {
            let sample = ratio(*other, Activation::Sigmoid);
            (other.name().to_owned(), sample.exceeds(&SIGMOID_WORST, 1.1))
        };
        let steps = |arm: &str| contest.steps(arm, shallow);
        let learns = |arm: &str| contest.successes(arm, deep);
        let kin = |activation: Activation| {
            let name = activation.name();
            (name.to_owned(), learns(name).exceeds(&KIN_LEARN, 0.5))
        };
        let [relu, tanh, sigmoid] =
            [Activation::Relu, Activation::Tanh, Activation::Sigmoid].map(Activation::name);
        vec![
            in_every_case(&SIGMOID_WORST, others.map(worst).collect()),
            ratio(Activation::Relu, Activation::Tanh).exceeds(&TANH_WORSE, 1.0),
            steps(relu).sooner_than(&steps(sigmoid), &SOONER_THAN_SIGMOID, 1.2),
            steps(relu).sooner_than(&steps(tanh), &SOONER_THAN_TANH, 1.2),
            learns(relu).exceed(&learns(sigmoid), &DEEPER_THAN_SIGMOID, 0.0),
            learns(relu).exceed(&learns(tanh), &DEEPER_THAN_TANH, 0.0),
            steps(RELU_HE).sooner_than(&steps(tanh), &OWN_SOONER, 1.2),
            learns(RELU_HE).exceed(&learns(sigmoid), &OWN_DEEPER, 0.0),
            in_every_case(&KIN_LEARN, KIN.map(kin).into()),
        ]
    }

    fn pictures(settings: &Tournament<Images>, results: &Results) -> Vec<Picture> {
        let contest = settings.contest(results);
        let (shallow, _) = settings.extremes();
        let equal = ALL.map(Activation::name);
        let names = [&equal[..], &[RELU_HE]].concat();
        vec![
            flow(settings).gradient_flow(results, &equal),
            contest.success_by_step(&names, shallow),
            contest.success_by_size(&names),
        ]
    }
}
