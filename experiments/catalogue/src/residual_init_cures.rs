//! Gradient flow through a thousand layers.

use std::ops::Range;

use backdraft_lab::{Experiment, Trial};
use backdraft_layers::Initializer;
use backdraft_mlp::{MlpConfig, Skip};
use backdraft_record::{About, Factors, Picture, Preset, Results};
use backdraft_resnet::{ActivationOrder, Normalization, ResnetConfig};
use backdraft_rows::{QuantityName, Subject};
use backdraft_verdicts::judgement::{Sample, Successes};
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::initial_flow::{FlowSettings, arm, is_block, is_hidden, log_gain, log_gains};

/// Ways to start a very deep net.
pub(crate) struct ResidualInitCures;

const PLAIN_LOST: Statement = Statement {
    id: "plain-net-loses-it",
    statement: "In a plain ReLU net of a thousand narrow layers, He initialisation preserves the \
                squared gradient on average, yet the typical net has lost it.",
    rule: "At initialisation, ‖∂L/∂h‖, first over last layer: supported if the 95 % interval of the \
           geometric mean lies below 1e-3, refuted if above.",
};
const RESIDUAL_EXPLODES: Statement = Statement {
    id: "bare-skips-explode",
    statement: "In a net of a thousand layers with skips and no other cure, the gradient explodes \
                beyond the range of f32.",
    rule: "Share of nets whose gradient at the first layer is not finite, or more than 1e6 times \
           that at the last: supported if the exact 95 % interval lies above 0.5, refuted if \
           below.",
};
const HIGHWAY_CARRIES: Statement = Statement {
    id: "highway-carries",
    statement: "Highway layers with a gate bias of −2 carry the gradient through a thousand \
                layers.",
    rule: "‖∂L/∂h‖, first over last layer: supported if the 95 % interval of the geometric mean lies above \
           0.01, refuted if below.",
};
const REZERO: Statement = Statement {
    id: "rezero-is-the-identity",
    statement: "ReZero starts as the identity: each of a thousand layers has the same gradient as \
                the last.",
    rule: "Supported if in every net |ln| of ‖∂L/∂h‖, first over last layer, is below 1e-5, which \
           allows for rounding, refuted if in one it is not.",
};
const SKIP_INIT: Statement = Statement {
    id: "skip-init-is-the-identity",
    statement: "SkipInit starts a convolutional net of a thousand layers, without normalisation, \
                as the identity.",
    rule: "The same rule, over the blocks.",
};
const FIXUP: Statement = Statement {
    id: "fixup-starts-silent",
    statement: "Fixup starts its branches and its head at zero, so that no gradient reaches any \
                block before the first step.",
    rule: "Supported if ‖∂L/∂a‖ of every block of every net is exactly zero, refuted if one is not.",
};

const PLAIN: &str = "plain";
const RESIDUAL: &str = "residual";
const HIGHWAY: &str = "highway";
const REZERO_NET: &str = "rezero";
const SKIP_INIT_NET: &str = "skip-init";
const FIXUP_NET: &str = "fixup";
const CONVOLUTIONAL: [(&str, Normalization, ActivationOrder); 2] = [
    (SKIP_INIT_NET, Normalization::SkipInit, ActivationOrder::Pre),
    (FIXUP_NET, Normalization::Fixup, ActivationOrder::Post),
];
const CONNECTED: [(&str, Skip); 4] = [
    (PLAIN, Skip::None),
    (RESIDUAL, Skip::Residual),
    (HIGHWAY, Skip::Highway(-2.0)),
    (REZERO_NET, Skip::Rezero),
];
/// Channels of the convolutional nets: one stage, so that no block changes the shape.
const CHANNELS: usize = 8;

/// A thousand layers in blocks of two.
fn convolutional(
    settings: &FlowSettings,
    name: &str,
    normalization: Normalization,
    order: ActivationOrder,
) -> (Factors, NetworkConfig) {
    let network = ResnetConfig {
        input_shape: [1, 8, 8],
        stages: vec![(settings.depth / 2).max(2)],
        width: CHANNELS,
        normalization,
        order,
        ..Default::default()
    };
    (Factors::new([("network", name.to_owned())]), NetworkConfig::Resnet(network))
}

/// Whether the gradient of every net is the same at the first and the last of the taps that fit.
fn is_identity(
    claim: &Statement,
    results: &Results,
    network: &str,
    fits: fn(&Subject) -> bool,
) -> Verdict {
    let trials = results.with(&[("network", network)]);
    // A gain that is not finite counts as infinitely far off.
    let strays: Vec<f64> =
        trials.iter().map(|t| log_gain(t, fits).map_or(f64::INFINITY, f64::abs)).collect();
    let largest = strays.iter().copied().fold(0.0, f64::max);
    Successes::new("share of nets that are level", strays.iter().map(|stray| *stray < 1e-5))
        .because(format!("largest |ln| {largest:.1e}"))
        .every(claim)
}

impl Experiment for ResidualInitCures {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "residual-init-cures",
        title: "Through a thousand layers, skips alone explode; branches that start at zero do not",
        question: "Without normalisation, what carries a gradient through a thousand layers before \
            training: skips, highway gates, or branches that start switched off?",
        sources: &[
            "R. K. Srivastava, K. Greff, J. Schmidhuber, Training very deep networks, NeurIPS \
             2015, § 2 and § 2.2 (highway, its gates' bias)",
            "H. Zhang, Y. N. Dauphin, T. Ma, Fixup initialization: residual learning without \
             normalization, ICLR 2019",
            "S. De, S. L. Smith, Batch normalization biases residual blocks towards the identity function \
             in deep networks, NeurIPS 2020 (SkipInit)",
            "T. Bachlechner, B. P. Majumder, H. Mao, G. Cottrell, J. McAuley, ReZero is all you \
             need: fast convergence at large depth, UAI 2021, § 3, equation 4",
        ],
        claims: &[PLAIN_LOST, RESIDUAL_EXPLODES, HIGHWAY_CARRIES, REZERO, SKIP_INIT, FIXUP],
    };

    fn settings(preset: Preset) -> FlowSettings {
        let seeds = if preset == Preset::Quick { 10 } else { 20 };
        FlowSettings { seeds, first_seed: 0, width: 64, depth: 1_000, batch: 4 }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        let connected = CONNECTED.map(|(name, skip)| {
            arm(name, MlpConfig { initializer: Initializer::HeNormal, skip, ..settings.mlp() })
        });
        let convolutional = CONVOLUTIONAL.map(|(name, normalization, order)| {
            convolutional(settings, name, normalization, order)
        });
        Ok(settings.trials(&[&connected[..], &convolutional[..]].concat()))
    }

    fn judge(_: &FlowSettings, results: &Results) -> Vec<Verdict> {
        let gain = |network: &str| {
            Sample::of_logs("‖∂L/∂h‖, first over last layer", log_gains(results, network))
        };
        let residual = results.with(&[("network", RESIDUAL)]);
        let exploded = residual.iter().map(|trial| {
            let norms = trial.initial(&QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden);
            let ratio = norms.first().zip(norms.last()).map(|(first, last)| first / last);
            ratio.is_some_and(|ratio| !ratio.is_finite() || ratio > 1e6)
        });
        let fixup = results.with(&[("network", FIXUP_NET)]);
        let silent = fixup.iter().map(|trial| {
            trial
                .initial(&QuantityName::ACTIVATION_GRADIENT_NORM, is_block)
                .iter()
                .all(|norm| *norm == 0.0)
        });
        vec![
            gain(PLAIN).stays_below(&PLAIN_LOST, 1e-3),
            Successes::new("share of nets that explode", exploded).exceeds(&RESIDUAL_EXPLODES, 0.5),
            gain(HIGHWAY).exceeds(&HIGHWAY_CARRIES, 0.01),
            is_identity(&REZERO, results, REZERO_NET, is_hidden),
            is_identity(&SKIP_INIT, results, SKIP_INIT_NET, is_block),
            Successes::new("share of silent nets", silent).every(&FIXUP),
        ]
    }

    fn pictures(settings: &FlowSettings, results: &Results) -> Vec<Picture> {
        vec![settings.gradient_flow(results, &CONNECTED.map(|(name, _)| name))]
    }
}
