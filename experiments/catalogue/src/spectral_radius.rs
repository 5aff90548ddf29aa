//! The spectral radius of recurrent weights and the gradient through time.

use std::ops::Range;

use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_record::{About, Factors, Picture, Preset, Results};
use backdraft_recurrent::{Cell, RecurrentConfig};
use backdraft_theory::MeanField;
use backdraft_verdicts::judgement::{Sample, in_every_case};
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::initial_flow::FlowSettings;
use super::time_flow::{by_lag, is_state, log_factors};

/// Orthogonal recurrent weights with gains below, at and above 1.
pub(crate) struct SpectralRadius;

const LINEAR_EXACT: Statement = Statement {
    id: "linear-is-exact",
    statement: "In a linear recurrent net with orthogonal weights of gain ρ, ‖∂L/∂h_t‖ goes \
                exactly as ρ^(T − t), below, at and above ρ = 1.",
    rule: "Inputs of size 1e-6 keep a tanh net linear. Absolute difference of ln factor per step \
           from ln ρ, at ρ = 0.5, 0.9, 1 and 1.1: supported if the 95 % interval of every mean \
           lies below 1e-4, refuted if one lies above.",
};
const BELOW_VANISHES: Statement = Statement {
    id: "below-one-vanishes",
    statement: "A spectral radius ρ < 1 is enough for a tanh RNN's gradient to vanish: at ρ = 0.9 \
                it loses at least a tenth per step.",
    rule: "Inputs of variance 0.05 before the tanh. Supported if the 95 % interval of the mean factor per \
           step lies below 0.9, refuted if above.",
};
const ABOVE_EXPLODES: Statement = Statement {
    id: "above-one-explodes",
    statement: "A spectral radius ρ > 1 is enough for a tanh RNN's gradient to explode: at ρ = 1.1 \
                it grows.",
    rule: "Supported if the 95 % interval of the mean factor per step lies above 1, refuted if below. \
           (Pascanu et al. call it necessary, not sufficient.)",
};
const FAR_ABOVE_EXPLODES: Statement = Statement {
    id: "far-above-explodes",
    statement: "A spectral radius far enough above 1 makes a tanh RNN's gradient explode: at ρ = 2 \
                it grows.",
    rule: "The same rule as at 1.1.",
};
const MEAN_FIELD: Statement = Statement {
    id: "mean-field",
    statement: "A tanh RNN's factor per step is ρ √(E φ′²), as mean-field theory predicts for an \
                equally deep net with independent weights.",
    rule: "Two one-sided tests on ln factor over seeds at ρ = 0.9, 1.1 and 2: supported if every \
           90 % interval lies within 5 % of theory, refuted if one lies outside.",
};

/// Gains at which the net is kept linear.
const LINEAR: [f64; 4] = [0.5, 0.9, 1.0, 1.1];
/// Gains at which its inputs saturate it as in practice.
const SATURATING: [f64; 3] = [0.9, 1.1, 2.0];
/// Variance of what the inputs add before the tanh.
const INPUT_VARIANCE: f64 = 0.05;
/// Standard deviation of weights so small that tanh is linear.
const TINY: f64 = 1e-6;
const LINEAR_NET: &str = "linear";
const TANH_NET: &str = "tanh";

impl SpectralRadius {
    fn factors(net: &str, gain: f64) -> Factors {
        Factors::new([("network", net.to_owned()), ("gain", gain.to_string())])
    }

    fn logs(results: &Results, net: &str, gain: f64) -> Vec<f64> {
        let trials = results.with(&[("network", net), ("gain", &gain.to_string())]);
        log_factors(&trials, is_state)
    }

    /// Returns theory's factor per step of a tanh net at this gain.
    fn expected(gain: f64) -> f64 {
        let theory = MeanField::new(Activation::Tanh, gain * gain, INPUT_VARIANCE);
        theory.gradient_norm_factor(theory.fixed_point(INPUT_VARIANCE))
    }
}

impl Experiment for SpectralRadius {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "spectral-radius",
        title: "Recurrent weights below, at and above spectral radius 1",
        question: "\"Gradients vanish for a spectral radius below 1 and explode above it\" is said \
            of recurrent nets. It is a theorem about linear ones. What remains of it when tanh \
            saturates?",
        sources: &[
            "R. Pascanu, T. Mikolov, Y. Bengio, On the difficulty of training recurrent neural \
             networks, ICML 2013, § 2.1 and the supplement, § 1.1",
            "Y. Bengio, P. Simard, P. Frasconi, Learning long-term dependencies with gradient \
             descent is difficult, IEEE Transactions on Neural Networks 5, 1994",
            "M. Chen, J. Pennington, S. S. Schoenholz, Dynamical isometry and a mean field theory of \
             RNNs, ICML 2018",
        ],
        claims: &[LINEAR_EXACT, BELOW_VANISHES, ABOVE_EXPLODES, FAR_ABOVE_EXPLODES, MEAN_FIELD],
    };

    fn settings(preset: Preset) -> FlowSettings {
        let width = if preset == Preset::Quick { 128 } else { 512 };
        FlowSettings { seeds: 20, first_seed: 0, width, depth: 100, batch: 16 }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        let network = |gain: f64, initializer: Initializer| {
            NetworkConfig::Recurrent(RecurrentConfig {
                cell: Cell::Rnn,
                hidden: settings.width,
                length: settings.depth,
                initializer,
                recurrent_initializer: Initializer::Orthogonal(gain),
                ..Default::default()
            })
        };
        let linear = LINEAR.map(|gain| {
            (Self::factors(LINEAR_NET, gain), network(gain, Initializer::Normal(TINY)))
        });
        let saturating = SATURATING.map(|gain| {
            let initializer = Initializer::MeanField(INPUT_VARIANCE);
            (Self::factors(TANH_NET, gain), network(gain, initializer))
        });
        Ok(settings.trials(&[linear.as_slice(), &saturating].concat()))
    }

    fn judge(_: &FlowSettings, results: &Results) -> Vec<Verdict> {
        let linear = |gain: f64| {
            let logs = Self::logs(results, LINEAR_NET, gain);
            let distances = logs.into_iter().map(|log| (log - gain.ln()).abs()).collect();
            let sample = Sample::new("|ln factor − ln ρ|", distances);
            (format!("ρ = {gain}"), sample.stays_below(&LINEAR_EXACT, 1e-4))
        };
        let tanh = |gain: f64| {
            let sample = Sample::of_logs("factor per step", Self::logs(results, TANH_NET, gain));
            sample.because(format!("theory {:.3}", Self::expected(gain)))
        };
        let theory = |gain: f64| {
            let verdict = tanh(gain).equals(&MEAN_FIELD, Self::expected(gain), 0.05);
            (format!("ρ = {gain}"), verdict)
        };
        vec![
            in_every_case(&LINEAR_EXACT, LINEAR.map(linear).into()),
            tanh(0.9).stays_below(&BELOW_VANISHES, 0.9),
            tanh(1.1).exceeds(&ABOVE_EXPLODES, 1.0),
            tanh(2.0).exceeds(&FAR_ABOVE_EXPLODES, 1.0),
            in_every_case(&MEAN_FIELD, SATURATING.map(theory).into()),
        ]
    }

    fn pictures(settings: &FlowSettings, results: &Results) -> Vec<Picture> {
        let title =
            format!("Gradient reaching the hidden state at each of {} time steps", settings.depth);
        let picture = Picture::new(
            "state-gradients",
            title,
            "lag T − t, time steps",
            "‖∂L/∂hₜ‖, L2 over the batch",
        );
        vec![SATURATING.iter().fold(picture.logarithmic(), |picture, gain| {
            let trials = results.with(&[("network", TANH_NET), ("gain", &gain.to_string())]);
            let label = format!("tanh, ρ = {gain}");
            let points = by_lag(&trials, is_state);
            let (start, factor) = (points.first().map_or(f64::NAN, |p| p.y), Self::expected(*gain));
            let theory: Vec<_> = points.iter().map(|p| (p.x, start * factor.powf(p.x))).collect();
            picture.profile(label.clone(), points).predicted(&label, theory)
        })]
    }
}
