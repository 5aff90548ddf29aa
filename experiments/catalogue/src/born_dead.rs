//! Nets that are dead before training.

use std::ops::Range;

use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_record::{About, Factors, Picture, Point, Preset, Results};
use backdraft_rows::QuantityName;
use backdraft_verdicts::judgement::Successes;
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::initial_flow::{FlowSettings, is_hidden};

/// Deep and narrow ReLU nets.
pub(crate) struct BornDead;

const RELU_DIES: Statement = Statement {
    id: "relu-is-born-dead",
    statement: "Before any training, a ReLU net of width N and depth L without biases maps an \
                input to zero with probability 1 − (1 − 2^−N)^L.",
    rule: "Share of nets with a layer whose units are all zero, N = `width`, L = `depth`. Two one-sided \
           exact tests over seeds: supported if the 90 % interval lies within 0.05 of the formula, \
           refuted if outside.",
};
const WIDTH_HELPS: Statement = Statement {
    id: "width-helps",
    statement: "At four times the width, ReLU nets of the same depth are hardly ever born dead.",
    rule: "Supported if the exact 95 % interval of the share lies below 0.05, refuted if above.",
};
const LEAK_HELPS: Statement = Statement {
    id: "leak-helps",
    statement: "A narrow deep leaky ReLU net is never born dead.",
    rule: "Supported if none of at least two nets is dead, refuted if one is.",
};

const NARROW: &str = "relu";
const WIDE: &str = "relu-wide";
const LEAKY: &str = "leaky-relu";

/// Whether any layer of a net outputs only zeros, by seed.
fn deaths(results: &Results, network: &str) -> Vec<bool> {
    let trials = results.with(&[("network", network)]);
    let norms = trials.iter().map(|trial| trial.initial(&QuantityName::ACTIVATION_NORM, is_hidden));
    norms.map(|norms| norms.contains(&0.0)).collect()
}

fn predicted(settings: &FlowSettings, depth: usize) -> f64 {
    1.0 - (1.0 - 0.5f64.powi(settings.width as i32)).powi(depth as i32)
}

impl Experiment for BornDead {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "born-dead-relu",
        title: "Deep narrow ReLU nets are often dead before training",
        question: "Dying ReLUs are said to come from training. How likely is it that a deep net is \
            dead for an input as soon as it is drawn?",
        sources: &[
            "L. Lu, Y. Shin, Y. Su, G. E. Karniadakis, Dying ReLU and initialization: theory and \
                    numerical examples, Communications in Computational Physics 28, 2020",
        ],
        claims: &[RELU_DIES, WIDTH_HELPS, LEAK_HELPS],
    };

    fn settings(preset: Preset) -> FlowSettings {
        let seeds = if preset == Preset::Quick { 1_000 } else { 4_000 };
        FlowSettings { seeds, first_seed: 0, width: 4, depth: 20, batch: 1 }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        let arm = |(name, activation, width): (&str, Activation, usize)| {
            let network = MlpConfig {
                inputs: 1,
                depth: settings.depth,
                width,
                activation,
                initializer: Initializer::HeNormal,
                ..Default::default()
            };
            (Factors::new([("network", name.to_owned())]), NetworkConfig::Mlp(network))
        };
        let width = settings.width;
        let arms = [
            (NARROW, Activation::Relu, width),
            (WIDE, Activation::Relu, 4 * width),
            (LEAKY, Activation::LeakyRelu, width),
        ];
        Ok(settings.trials(&arms.map(arm)))
    }

    fn judge(settings: &FlowSettings, results: &Results) -> Vec<Verdict> {
        let formula = predicted(settings, settings.depth);
        let nets = |network| Successes::new("share of dead nets", deaths(results, network));
        let leaky = deaths(results, LEAKY);
        vec![
            nets(NARROW).because(format!("formula {formula:.3}")).equals(&RELU_DIES, formula, 0.05),
            nets(WIDE).stays_below(&WIDTH_HELPS, 0.05),
            Successes::new("share of nets that live", leaky.iter().map(|is_dead| !is_dead))
                .every(&LEAK_HELPS),
        ]
    }

    fn pictures(settings: &FlowSettings, results: &Results) -> Vec<Picture> {
        let title = format!("ReLU nets of width {} that are dead by a given layer", settings.width);
        let picture = Picture::new("dead-by-layer", title, "hidden layer", "share of nets");
        let trials = results.with(&[("network", NARROW)]);
        let norms: Vec<Vec<f64>> = trials
            .iter()
            .map(|trial| trial.initial(&QuantityName::ACTIVATION_NORM, is_hidden))
            .collect();
        let share = |layer: usize| {
            let dead = |norms: &Vec<f64>| {
                f64::from(u8::from(norms.iter().take(layer).any(|norm| *norm == 0.0)))
            };
            Point::mean(layer as f64, &norms.iter().map(dead).collect::<Vec<_>>())
        };
        let layers = 1..=settings.depth;
        let formula = layers.clone().map(|layer| (layer as f64, predicted(settings, layer)));
        vec![picture.measured("measured", layers.filter_map(share)).predicted("measured", formula)]
    }
}
