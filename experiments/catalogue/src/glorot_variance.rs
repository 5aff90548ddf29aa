//! Figures 6 and 7 of Glorot & Bengio.

use std::ops::Range;

use backdraft_lab::measure::{MEAN_SINGULAR_VALUE, jacobian};
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_record::{About, Factors, Picture, Preset, Results, TrialResult, by_layer};
use backdraft_rows::QuantityName;
use backdraft_verdicts::judgement::{Sample, in_every_case};
use backdraft_verdicts::{Statement, Verdict};

use super::initial_flow::{FlowSettings, arm, is_hidden, is_hidden_weight, log_factors, log_gains};

/// Activations and back-propagated gradients with the standard and the normalised initialisation.
pub(crate) struct GlorotVariance;

const ACTIVATIONS_FALL: Statement = Statement {
    id: "standard-loses-activations",
    statement: "With the standard initialisation, U(± 1/√n), a tanh net's activations shrink from \
                layer to layer (figure 6, top).",
    rule: "At initialisation, ‖h‖, last over first of `depth` layers: supported if the 95 % \
           interval of the geometric mean lies below 0.5, refuted if above.",
};
const ACTIVATIONS_STAY: Statement = Statement {
    id: "normalised-keeps-activations",
    statement: "With the normalised initialisation, a tanh net's activations keep their size \
                (figure 6, bottom).",
    rule: "‖h‖, last over first layer. Two one-sided tests on its logarithm: supported if the 90 % \
           interval lies within 25 % of 1, refuted if outside.",
};
const ACTIVATIONS_BETTER: Statement = Statement {
    id: "normalised-keeps-more-activations",
    statement: "A tanh net's activations shrink much less with the normalised initialisation than \
                with the standard one.",
    rule: "‖h‖, last over first layer, normalised over standard initialisation, paired by seed: \
           supported if the 95 % interval of the geometric mean lies above 2, refuted if below.",
};
const GRADIENTS_STAY: Statement = Statement {
    id: "normalised-keeps-gradients",
    statement: "With the normalised initialisation, a tanh net's back-propagated gradients keep \
                their size (figure 7, bottom).",
    rule: "‖∂L/∂h‖, first over last layer. Two one-sided tests on its logarithm: supported if the 90 % \
           interval lies within 25 % of 1, refuted if outside.",
};
const GRADIENTS_THEORY: Statement = Statement {
    id: "gradients-are-mean-field",
    statement: "With either initialisation, a tanh net's gradients fall from the output to the \
                input as mean-field theory predicts.",
    rule: "Two one-sided tests on ln factor per layer over seeds: supported if both 90 % intervals lie \
           within 3 % of theory, refuted if one lies outside.",
};
const WEIGHTS_LEVEL: Statement = Statement {
    id: "weight-gradients-hide-it",
    statement: "With the standard initialisation, a tanh net's weight gradients are nevertheless \
                equally large in all layers (§ 4.2.1 and equation 14).",
    rule: "Two one-sided tests on ln factor of ‖∂L/∂W‖ per layer over seeds: supported if the 90 % interval \
           lies within 10 % of 1, refuted if outside.",
};
const JACOBIAN_STANDARD: Statement = Statement {
    id: "standard-jacobian",
    statement: "With the standard initialisation, the average singular value of a layer's Jacobian \
                is about 0.5 (§ 4.2.1).",
    rule: "Average over the layers from the second on. Two one-sided tests over seeds: supported if the \
           90 % interval lies within 0.1 of 0.5, refuted if outside.",
};
const JACOBIAN_NORMALISED: Statement = Statement {
    id: "normalised-jacobian",
    statement: "With the normalised initialisation, the average singular value of a layer's \
                Jacobian is about 0.8 (§ 4.2.1).",
    rule: "Average over the layers from the second on. Two one-sided tests over seeds: supported \
           if the 90 % interval lies within 0.1 of 0.8, refuted if outside.",
};

/// The arms: level of the factor `network`, initialiser.
const ARMS: [(&str, Initializer); 2] =
    [(STANDARD, Initializer::BurnDefault), (NORMALISED, Initializer::XavierUniform)];
const STANDARD: &str = "standard";
const NORMALISED: &str = "normalised";
/// Width of the largest matrix whose singular values are computed.
const LARGEST: usize = 128;

fn network(settings: &FlowSettings, initializer: Initializer) -> MlpConfig {
    MlpConfig { activation: Activation::Tanh, initializer, ..settings.mlp() }
}

/// ln ‖h_L‖ / ‖h_1‖ by seed.
fn log_activations(results: &Results, network: &str) -> Vec<f64> {
    let trials = results.with(&[("network", network)]);
    let ratio = |trial: &&TrialResult| {
        let norms = trial.initial(&QuantityName::ACTIVATION_NORM, is_hidden);
        Some((norms.last()? / norms.first()?).ln())
    };
    trials.iter().filter_map(ratio).collect()
}

/// The average singular value over the layers from the second on, by seed.
fn singular_values(results: &Results, network: &str) -> Sample {
    let trials = results.with(&[("jacobian", network)]);
    let mean = |trial: &&TrialResult| {
        let values = trial.initial(&MEAN_SINGULAR_VALUE, is_hidden);
        let later = values.get(1..).filter(|later| !later.is_empty())?;
        Some(later.iter().sum::<f64>() / later.len() as f64)
    };
    Sample::new("average singular value", trials.iter().filter_map(mean).collect())
}

impl Experiment for GlorotVariance {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "glorot-variance",
        title: "What Xavier initialisation keeps constant, and what it does not",
        question: "Glorot & Bengio's normalised initialisation preserves the variance of \
            activations and of back-propagated gradients in a linear net. Their figures show a \
            tanh net of five layers. How constant is the variance there?",
        sources: &[
            "X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward \
             neural networks, AISTATS 2010, § 4.2, figures 6 to 8, equations 14, 16 and 17",
        ],
        claims: &[
            ACTIVATIONS_FALL,
            ACTIVATIONS_STAY,
            ACTIVATIONS_BETTER,
            GRADIENTS_STAY,
            GRADIENTS_THEORY,
            WEIGHTS_LEVEL,
            JACOBIAN_STANDARD,
            JACOBIAN_NORMALISED,
        ],
    };

    fn settings(preset: Preset) -> FlowSettings {
        let (seeds, width) = match preset {
            Preset::Quick => (20, 256),
            Preset::Standard => (20, 512),
            Preset::Paper => (50, 1_000),
        };
        FlowSettings { seeds, first_seed: 0, width, depth: 5, batch: 64 }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        let flow = ARMS.map(|(name, initializer)| arm(name, network(settings, initializer)));
        let mut trials = settings.trials(&flow);
        let small = FlowSettings { width: settings.width.min(LARGEST), ..settings.clone() };
        for seed in settings.seeds() {
            for (name, initializer) in ARMS {
                let factors = Factors::new([("jacobian", name.to_owned())]);
                let task = jacobian(network(&small, initializer), seed);
                trials.push(Trial { factors, seed, cost: 10, task });
            }
        }
        Ok(trials)
    }

    fn judge(settings: &FlowSettings, results: &Results) -> Vec<Verdict> {
        let [standard, normalised] = [STANDARD, NORMALISED].map(|n| log_activations(results, n));
        let gains = normalised.iter().zip(&standard).map(|(more, less)| more - less).collect();
        let activations = |logs| Sample::of_logs("‖h‖, last over first layer", logs);
        let theory = |(name, initializer): (&str, Initializer)| {
            let expected = settings.predicted_factor(Activation::Tanh, initializer);
            let sample = Sample::of_logs("factor per layer", log_factors(results, name))
                .because(format!("theory {expected:.3}"));
            (name.to_owned(), sample.equals(&GRADIENTS_THEORY, expected, 0.03))
        };
        let weights = results.with(&[("network", STANDARD)]);
        let weights = weights
            .iter()
            .filter_map(|t| t.log_factor(&QuantityName::GRADIENT_NORM, is_hidden_weight));
        vec![
            activations(standard).stays_below(&ACTIVATIONS_FALL, 0.5),
            activations(normalised).equals(&ACTIVATIONS_STAY, 1.0, 0.25),
            Sample::of_logs("ratio of ratios", gains).exceeds(&ACTIVATIONS_BETTER, 2.0),
            Sample::of_logs("‖∂L/∂h‖, first over last layer", log_gains(results, NORMALISED))
                .equals(&GRADIENTS_STAY, 1.0, 0.25),
            in_every_case(&GRADIENTS_THEORY, ARMS.map(theory).into()),
            Sample::of_logs("factor per layer", weights.collect()).equals(&WEIGHTS_LEVEL, 1.0, 0.1),
            singular_values(results, STANDARD).equals(&JACOBIAN_STANDARD, 0.5, 0.1),
            singular_values(results, NORMALISED).equals(&JACOBIAN_NORMALISED, 0.8, 0.1),
        ]
    }

    fn pictures(settings: &FlowSettings, results: &Results) -> Vec<Picture> {
        let networks = ARMS.map(|(name, _)| name);
        let activations = Picture::new(
            "activations",
            "Size of the activations in each layer",
            "hidden layer",
            "‖h‖, L2 over the batch",
        );
        let activations = networks.iter().fold(activations.logarithmic(), |picture, network| {
            let trials = results.with(&[("network", network)]);
            picture.profile(*network, by_layer(&trials, &QuantityName::ACTIVATION_NORM, is_hidden))
        });
        let arms = ARMS.map(|(name, initializer)| arm(name, network(settings, initializer)));
        let gradients = settings.gradient_flow(results, &networks);
        vec![settings.beside_theory(gradients, &arms), activations]
    }
}
