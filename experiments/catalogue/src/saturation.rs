//! Saturation and the size of the gradient.

use std::ops::Range;

use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_record::{About, Factors, Picture, Point, Preset, Results, TrialResult};
use backdraft_rows::QuantityName;
use backdraft_text::number;
use backdraft_theory::MeanField;
use backdraft_verdicts::judgement::{Sample, in_every_case};
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::initial_flow::{FlowSettings, is_hidden};

/// Large weights saturate units: what happens to the gradient?
pub(crate) struct Saturation;

const FACTOR: Statement = Statement {
    id: "factor-is-mean-field",
    statement: "Sigmoid and tanh nets follow mean-field theory, whether none or two thirds of \
                their units are saturated.",
    rule: "At initialisation, over the last half of the layers. Two one-sided tests on ln factor \
           over seeds: supported if every 90 % interval lies within 5 % of theory, refuted if one \
           lies outside.",
};
const SATURATION_VANISHES: Statement = Statement {
    id: "saturation-vanishes",
    statement: "The more saturated a deep tanh net is, the more its gradients vanish.",
    rule: "Ratio of the factors per layer, σw² = 16 over σw² = 1, paired by seed. Supported if its 95 % \
           interval lies below 1, refuted if above.",
};
const SIGMOID_CAN: Statement = Statement {
    id: "sigmoid-can-be-level",
    statement: "The sigmoid alone is not the cause: with weights of variance 103 / n and many \
                saturated units, the gradients of a sigmoid net neither vanish nor explode.",
    rule: "Two one-sided tests on ln factor at σw² = 103.0: supported if the 90 % interval lies within \
           5 % of 1, refuted if outside.",
};

/// σw² at which a sigmoid net without biases is critical.
const CRITICAL: f64 = 103.0;

/// The arms: activation and σw².
const ARMS: [(Activation, f64); 7] = [
    (Activation::Sigmoid, 1.0),
    (Activation::Sigmoid, 16.0),
    (Activation::Sigmoid, CRITICAL),
    (Activation::Sigmoid, 400.0),
    (Activation::Tanh, 1.0),
    (Activation::Tanh, 4.0),
    (Activation::Tanh, 16.0),
];

fn trials_of(results: &Results, activation: Activation, variance: f64) -> Vec<&TrialResult> {
    let variance = variance.to_string();
    results.with(&[("activation", activation.name()), ("weight-variance", &variance)])
}

/// ln of the factor per layer over the last half of the layers.
fn log_factors(results: &Results, activation: Activation, variance: f64) -> Vec<f64> {
    let factor = |trial: &&TrialResult| {
        let norms = trial.initial(&QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden);
        let first = norms.len() / 2;
        let factor =
            (norms.get(first)?.ln() - norms.last()?.ln()) / (norms.len() - 1 - first) as f64;
        factor.is_finite().then_some(factor)
    };
    trials_of(results, activation, variance).iter().filter_map(factor).collect()
}

/// Mean share of saturated units in the last layer.
fn saturated(results: &Results, activation: Activation, variance: f64) -> f64 {
    let trials = trials_of(results, activation, variance);
    let share = |trial: &&TrialResult| {
        trial.initial(&QuantityName::SATURATED_SHARE, is_hidden).last().copied()
    };
    let shares: Vec<f64> = trials.iter().filter_map(share).collect();
    shares.iter().sum::<f64>() / shares.len() as f64
}

fn theory(settings: &FlowSettings, activation: Activation, variance: f64) -> f64 {
    let field = MeanField::new(activation, variance, 0.0);
    let logs = field.log_factors(variance).take(settings.depth - 1).skip(settings.depth / 2);
    let logs: Vec<f64> = logs.collect();
    (logs.iter().sum::<f64>() / logs.len() as f64).exp()
}

impl Experiment for Saturation {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "saturation",
        title: "Saturated units alone do not make gradients vanish",
        question: "Saturation is often given as the reason why gradients vanish in sigmoid nets: \
            σ′ is at most 1/4 and nearly 0 in the flat parts. But a layer's factor also contains \
            the weights, and it is large weights that saturate units. Which of the two wins?",
        sources: &[
            "X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural \
             networks, AISTATS 2010, § 3",
            "S. S. Schoenholz, J. Gilmer, S. Ganguli, J. Sohl-Dickstein, Deep information \
             propagation, ICLR 2017",
        ],
        claims: &[FACTOR, SATURATION_VANISHES, SIGMOID_CAN],
    };

    fn settings(preset: Preset) -> FlowSettings {
        let width = if preset == Preset::Quick { 512 } else { 1_024 };
        FlowSettings { seeds: 20, first_seed: 0, width, depth: 16, batch: 8 }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        let arm = |(activation, variance): (Activation, f64)| {
            let network = MlpConfig {
                activation,
                initializer: Initializer::MeanField(variance),
                ..settings.mlp()
            };
            let factors = Factors::new([
                ("activation", activation.name().to_owned()),
                ("weight-variance", variance.to_string()),
            ]);
            (factors, NetworkConfig::Mlp(network))
        };
        Ok(settings.trials(&ARMS.map(arm)))
    }

    fn judge(settings: &FlowSettings, results: &Results) -> Vec<Verdict> {
        let case = |(activation, variance): (Activation, f64)| {
            let expected = theory(settings, activation, variance);
            let share = 100.0 * saturated(results, activation, variance);
            let logs = log_factors(results, activation, variance);
            let sample = Sample::of_logs("factor per layer", logs)
                .because(format!("theory {}, {share:.0} % saturated", number(expected)));
            let name = format!("{} at σw² = {variance}", activation.name());
            (name, sample.equals(&FACTOR, expected, 0.05))
        };
        let tanh = |variance| log_factors(results, Activation::Tanh, variance);
        let ratios = tanh(16.0).iter().zip(tanh(1.0)).map(|(much, little)| much - little).collect();
        let shares = [1.0, 16.0].map(|v| 100.0 * saturated(results, Activation::Tanh, v));
        let critical = log_factors(results, Activation::Sigmoid, CRITICAL);
        let share = 100.0 * saturated(results, Activation::Sigmoid, CRITICAL);
        vec![
            in_every_case(&FACTOR, ARMS.map(case).into()),
            Sample::of_logs("ratio of factors per layer", ratios)
                .because(format!("{:.0} % and {:.0} % saturated", shares[0], shares[1]))
                .stays_below(&SATURATION_VANISHES, 1.0),
            Sample::of_logs("factor per layer", critical)
                .because(format!("{share:.0} % saturated"))
                .equals(&SIGMOID_CAN, 1.0, 0.05),
        ]
    }

    fn pictures(_: &FlowSettings, results: &Results) -> Vec<Picture> {
        let picture = Picture::new(
            "factor-by-saturation",
            "Factor of ‖∂L/∂h‖ per layer by share of saturated units",
            "share of saturated units in the last layer",
            "factor per layer",
        );
        vec![[Activation::Sigmoid, Activation::Tanh].iter().fold(picture, |picture, activation| {
            let arms = ARMS.iter().filter(|(of, _)| of == activation);
            let points = arms.filter_map(|(_, variance)| {
                let logs = log_factors(results, *activation, *variance);
                let factors: Vec<f64> = logs.iter().map(|log| log.exp()).collect();
                Point::geometric_mean(saturated(results, *activation, *variance), &factors)
            });
            picture.measured(activation.name(), points)
        })]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_theory::critical_weight_variance;

    #[test]
    fn the_sigmoid_net_is_critical_where_the_constant_says() {
        let critical = critical_weight_variance(Activation::Sigmoid, 0.0).unwrap();
        assert!((critical - CRITICAL).abs() < 0.5, "{critical}");
    }
}
