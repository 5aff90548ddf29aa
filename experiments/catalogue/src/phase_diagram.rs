//! Vanishing and exploding as two sides of one line.

use std::ops::Range;

use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_record::{About, Factors, Picture, Point, Preset, Results, TrialResult};
use backdraft_rows::QuantityName;
use backdraft_theory::MeanField;
use backdraft_verdicts::judgement::{Sample, in_every_case};
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::initial_flow::{FlowSettings, is_hidden};

/// The plane of a tanh net's weight and bias variances.
pub(crate) struct PhaseDiagram;

const FACTOR: Statement = Statement {
    id: "factor-everywhere",
    statement: "At every (σw², σb²), a deep tanh net's ∂L/∂h changes by √χ(q*) per layer.",
    rule: "At initialisation, over the last half of the layers, where the variance has settled. \
           Two one-sided tests on ln factor over seeds: supported if every 90 % interval lies \
           within 5 % of theory, refuted if one lies outside.",
};
const TWO_SIDES: Statement = Statement {
    id: "two-sides",
    statement: "In a deep tanh net, gradients vanish below the critical line χ = 1 and explode \
                above it.",
    rule: "At each point that theory places at least 3 % away from the line: supported if every \
           95 % interval of the factor lies on theory's side of 1, refuted if one lies on the other.",
};

const WEIGHT_VARIANCES: [f64; 6] = [0.5, 1.0, 1.5, 2.0, 3.0, 4.0];
const BIAS_VARIANCES: [f64; 3] = [0.0, 0.05, 0.3];

/// √χ at the fixed point of the variance.
fn theory(weight: f64, bias: f64, depth: usize) -> f64 {
    let field = MeanField::new(Activation::Tanh, weight, bias);
    // At criticality the variance never settles, so average over the same layers as measured.
    let logs = field.log_factors(weight + bias).take(depth - 1).skip((depth - 1) / 2);
    let logs: Vec<f64> = logs.collect();
    (logs.iter().sum::<f64>() / logs.len() as f64).exp()
}

fn factors(weight: f64, bias: f64) -> Factors {
    Factors::new([("weight-variance", weight.to_string()), ("bias-variance", bias.to_string())])
}

/// ln of the factor per layer over the last half of the layers.
fn settled_log_factor(trial: &TrialResult) -> Option<f64> {
    let norms = trial.initial(&QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden);
    let first = (norms.len() - 1) / 2;
    let (start, end) = (norms.get(first)?.ln(), norms.last()?.ln());
    let factor = (start - end) / (norms.len() - 1 - first) as f64;
    factor.is_finite().then_some(factor)
}

impl PhaseDiagram {
    fn sample(results: &Results, weight: f64, bias: f64) -> Sample {
        let (weight, bias) = (weight.to_string(), bias.to_string());
        let trials = results.with(&[("weight-variance", &weight), ("bias-variance", &bias)]);
        let logs = trials.into_iter().filter_map(settled_log_factor).collect();
        Sample::of_logs("factor per layer", logs)
    }

    fn points() -> impl Iterator<Item = (f64, f64)> {
        let weights = WEIGHT_VARIANCES.into_iter();
        weights.flat_map(|weight| BIAS_VARIANCES.map(move |bias| (weight, bias)))
    }
}

impl Experiment for PhaseDiagram {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "phase-diagram",
        title: "Vanishing and exploding gradients are two sides of one line",
        question: "Weights of variance σw² / n and biases of variance σb² put a deep tanh net \
            either in an ordered phase, where gradients vanish, or in a chaotic one, where they \
            explode. Is the line between the two where mean-field theory draws it, and is the rate \
            right on both sides?",
        sources: &[
            "B. Poole, S. Lahiri, M. Raghu, J. Sohl-Dickstein, S. Ganguli, Exponential \
             expressivity in deep neural networks through transient chaos, NeurIPS 2016, § 3",
            "S. S. Schoenholz, J. Gilmer, S. Ganguli, J. Sohl-Dickstein, Deep information \
             propagation, ICLR 2017, figure 1",
        ],
        claims: &[FACTOR, TWO_SIDES],
    };

    fn settings(preset: Preset) -> FlowSettings {
        let width = if preset == Preset::Quick { 300 } else { 1_000 };
        FlowSettings { seeds: 20, first_seed: 0, width, depth: 30, batch: 4 }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        let arm = |(weight, bias): (f64, f64)| {
            let network = MlpConfig {
                activation: Activation::Tanh,
                initializer: Initializer::MeanField(weight),
                bias_variance: bias,
                ..settings.mlp()
            };
            (factors(weight, bias), NetworkConfig::Mlp(network))
        };
        Ok(settings.trials(&Self::points().map(arm).collect::<Vec<_>>()))
    }

    fn judge(settings: &FlowSettings, results: &Results) -> Vec<Verdict> {
        let name = |weight: f64, bias: f64| format!("({weight}, {bias})");
        let equal = |(weight, bias): (f64, f64)| {
            let expected = theory(weight, bias, settings.depth);
            let sample = Self::sample(results, weight, bias);
            let sample = sample.because(format!("theory {expected:.3}"));
            (name(weight, bias), sample.equals(&FACTOR, expected, 0.05))
        };
        let side = |(weight, bias): (f64, f64)| {
            let expected = theory(weight, bias, settings.depth);
            let sample = Self::sample(results, weight, bias);
            let verdict = match expected {
                ..0.97 => sample.stays_below(&TWO_SIDES, 1.0),
                1.03.. => sample.exceeds(&TWO_SIDES, 1.0),
                _ => return None,
            };
            Some((name(weight, bias), verdict))
        };
        vec![
            in_every_case(&FACTOR, Self::points().map(equal).collect()),
            in_every_case(&TWO_SIDES, Self::points().filter_map(side).collect()),
        ]
    }

    fn pictures(settings: &FlowSettings, results: &Results) -> Vec<Picture> {
        let picture = Picture::new(
            "factor-by-weight-variance",
            format!("Factor of ‖∂L/∂h‖ per layer, tanh, width {}; 1 is critical", settings.width),
            "weight variance σw²",
            "√χ, factor per layer",
        );
        vec![BIAS_VARIANCES.iter().fold(picture, |picture, bias| {
            let label = format!("σb² = {bias}");
            let measured = WEIGHT_VARIANCES.iter().filter_map(|weight| {
                let estimate = Self::sample(results, *weight, *bias).estimate()?;
                let interval = Some((estimate.lower.exp(), estimate.upper.exp()));
                Some(Point { x: *weight, y: estimate.mean.exp(), interval })
            });
            let fine = (1..=40).map(|i| 0.1 * f64::from(i)).filter(|weight| *weight >= 0.5);
            let predicted = fine.map(|weight| (weight, theory(weight, *bias, settings.depth)));
            picture.measured(label.clone(), measured).predicted(&label, predicted)
        })]
    }
}
