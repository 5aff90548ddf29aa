//! Orthogonal against Gaussian weights.

use std::ops::Range;

use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_record::{About, Factors, Picture, Point, Preset, Results};
use backdraft_verdicts::judgement::Sample;
use backdraft_verdicts::{Ruling, Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::initial_flow::{FlowSettings, log_gains};

/// Dynamical isometry in the gradients of single nets.
pub(crate) struct OrthogonalExperiment;

const EXACT: Statement = Statement {
    id: "orthogonal-is-exact",
    statement: "A deep linear net with orthogonal weights preserves the norm of every gradient, at \
                any depth.",
    rule: "Largest |ln ‖∂L/∂h_1‖ / ‖∂L/∂h_L‖| over all seeds. Supported if it is below 1e-4, which \
           allows for rounding, refuted if above.",
};
const GAUSSIAN_SPREADS: Statement = Statement {
    id: "gaussian-spreads",
    statement: "A deep linear net with Gaussian weights of the same variance preserves the norm on \
                average only: ln of the squared gain has variance 2 Σ 1/n.",
    rule: "Two one-sided tests on the mean squared deviation over seeds: supported if its 90 % interval \
           lies within 20 % of 2 (L − 1) / n, refuted if outside.",
};
const TANH_SPREADS_LESS: Statement = Statement {
    id: "tanh-spreads-less",
    statement: "In a tanh net, orthogonal instead of Gaussian weights at least halve the variance \
                of ln of the squared gain.",
    rule: "Mean squared deviation of ln of the squared gain, Gaussian − 2 × orthogonal, paired by seed. \
           Supported if the 95 % interval lies above 0, refuted if below.",
};

/// The arms: level of the factor `network`, activation, initialiser.
const ARMS: [(&str, Activation, Initializer); 4] = [
    ("linear-orthogonal", Activation::Identity, Initializer::Orthogonal(1.0)),
    ("linear-gaussian", Activation::Identity, Initializer::LecunNormal),
    ("tanh-orthogonal", Activation::Tanh, Initializer::Orthogonal(1.0)),
    ("tanh-gaussian", Activation::Tanh, Initializer::LecunNormal),
];

/// ln ‖∂L/∂h_1‖² / ‖∂L/∂h_L‖² by seed.
fn squared_log_gains(results: &Results, network: &str) -> Vec<f64> {
    log_gains(results, network).into_iter().map(|gain| 2.0 * gain).collect()
}

fn squared_deviations(gains: &[f64]) -> Vec<f64> {
    let mean = gains.iter().sum::<f64>() / gains.len().max(1) as f64;
    gains.iter().map(|gain| (gain - mean).powi(2)).collect()
}

impl Experiment for OrthogonalExperiment {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "orthogonal-vs-gaussian",
        title: "Orthogonal weights preserve the gradient of every net, Gaussian ones only the \
                average",
        question: "The right weight variance preserves the mean of the squared gradient. \
            Orthogonal weights promise more: nothing is stretched or shrunk. What does a single \
            net gain from this?",
        sources: &[
            "A. M. Saxe, J. L. McClelland, S. Ganguli, Exact solutions to the nonlinear dynamics \
             of learning in deep linear neural networks, ICLR 2014, § 3, equation 19, figure 6, \
             and § 4, figure 7 (tanh)",
            "J. Pennington, S. Schoenholz, S. Ganguli, Resurrecting the sigmoid in deep learning \
             through dynamical isometry, NeurIPS 2017",
        ],
        claims: &[EXACT, GAUSSIAN_SPREADS, TANH_SPREADS_LESS],
    };

    fn settings(preset: Preset) -> FlowSettings {
        let seeds = if preset == Preset::Quick { 400 } else { 2_000 };
        FlowSettings { seeds, first_seed: 0, width: 32, depth: 30, batch: 1 }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        let arm = |(name, activation, initializer): (&str, Activation, Initializer)| {
            let network = MlpConfig { activation, initializer, ..settings.mlp() };
            (Factors::new([("network", name.to_owned())]), NetworkConfig::Mlp(network))
        };
        Ok(settings.trials(&ARMS.map(arm)))
    }

    fn judge(settings: &FlowSettings, results: &Results) -> Vec<Verdict> {
        let gains = |network: &str| squared_log_gains(results, network);
        let sizes: Vec<f64> =
            gains("linear-orthogonal").iter().map(|gain| gain.abs() / 2.0).collect();
        let largest = sizes.iter().copied().fold(0.0, f64::max);
        let variance = 2.0 * (settings.depth as f64 - 1.0) / settings.width as f64;
        let [orthogonal, gaussian] =
            ["tanh-orthogonal", "tanh-gaussian"].map(|network| squared_deviations(&gains(network)));
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let evidence = format!(
            "variance: Gaussian {:.3}, orthogonal {:.3}",
            mean(&gaussian),
            mean(&orthogonal)
        );
        let differences = gaussian.iter().zip(&orthogonal).map(|(g, o)| g - 2.0 * o).collect();
        vec![
            Sample::new("|ln gain|", sizes)
                .because(format!("largest {largest:.1e}"))
                .judge(&EXACT, |_| Ruling::of(largest < 1e-4, largest > 1e-4)),
            Sample::new("variance of ln gain", squared_deviations(&gains("linear-gaussian")))
                .because(format!("theory {variance:.3}"))
                .equals(&GAUSSIAN_SPREADS, variance, 0.2 * variance),
            Sample::new("difference of variances", differences)
                .because(evidence)
                .exceeds(&TANH_SPREADS_LESS, 0.0),
        ]
    }

    fn pictures(settings: &FlowSettings, results: &Results) -> Vec<Picture> {
        let picture = Picture::new(
            "distribution",
            format!("Spread over nets of width {} and depth {}", settings.width, settings.depth),
            "ln of ‖∂L/∂h‖², first over last layer",
            "cumulative share of nets",
        );
        vec![ARMS.iter().fold(picture, |picture, (network, _, _)| {
            let mut gains = squared_log_gains(results, network);
            gains.sort_by(f64::total_cmp);
            let count = gains.len() as f64;
            let point = |(index, gain): (usize, &f64)| Point {
                x: *gain,
                y: (index as f64 + 0.5) / count,
                interval: None,
            };
            picture.measured(*network, gains.iter().enumerate().map(point).collect::<Vec<_>>())
        })]
    }
}
