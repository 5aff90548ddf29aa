//! Batch and layer normalisation at initialisation.

use std::ops::Range;

use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::{MlpConfig, Normalization};
use backdraft_record::{About, Factors, Picture, Preset, Results};
use backdraft_theory::{batch_norm_chi, layer_norm_chi};
use backdraft_verdicts::judgement::Sample;
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::initial_flow::{FlowSettings, arm, log_factors};

/// What normalisation does to the gradient of a deep net without skips.
pub(crate) struct NormalizationFlow;

const BATCH_EXPLODES: Statement = Statement {
    id: "batch-norm-explodes",
    statement: "Without skips, batch normalisation makes a ReLU net's gradients explode, by √(π / \
                (π − 1)) = 1.211 per layer.",
    rule: "Two one-sided tests on ln factor over seeds, at initialisation: supported if the 90 % \
           interval lies within 3 % of theory, refuted if outside.",
};
const BATCH_SAVES_SIGMOID: Statement = Statement {
    id: "batch-norm-saves-sigmoid",
    statement: "Batch normalisation saves a sigmoid net from vanishing gradients: its factor per \
                layer is 1.017 instead of 0.236.",
    rule: "The same rule as for ReLU.",
};
const LAYER_LEVEL: Statement = Statement {
    id: "layer-norm-level",
    statement: "Layer normalisation keeps a ReLU net's gradients constant across layers, whatever \
                the initialiser.",
    rule: "Two one-sided tests on ln factor over seeds, at initialisation: supported if the 90 % \
           interval lies within 3 % of 1, refuted if outside.",
};
const LAYER_SAVES_SIGMOID: Statement = Statement {
    id: "layer-norm-saves-sigmoid",
    statement: "Layer normalisation saves a sigmoid net from vanishing gradients.",
    rule: "Supported if the 95 % interval of the mean factor per layer lies above 0.9, refuted if \
           below.",
};

/// The arms: level of the factor `network`, activation, normalisation, theory.
const ARMS: [(&str, Activation, Normalization); 5] = [
    ("relu-batch-norm", Activation::Relu, Normalization::Batch),
    ("sigmoid-batch-norm", Activation::Sigmoid, Normalization::Batch),
    ("relu-layer-norm", Activation::Relu, Normalization::Layer),
    ("sigmoid-layer-norm", Activation::Sigmoid, Normalization::Layer),
    ("sigmoid", Activation::Sigmoid, Normalization::None),
];

fn arms(settings: &FlowSettings) -> [(Factors, NetworkConfig); 5] {
    let initializer = Initializer::LecunNormal;
    ARMS.map(|(name, activation, normalization)| {
        arm(name, MlpConfig { activation, normalization, initializer, ..settings.mlp() })
    })
}

impl Experiment for NormalizationFlow {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "normalization-flow",
        title: "Batch norm makes gradients explode at initialisation; layer norm does not save \
                sigmoid nets",
        question: "Normalisation is taught as a cure for vanishing gradients. What does it do to \
            ∂L/∂h in a deep net without skips, before training?",
        sources: &[
            "S. Ioffe, C. Szegedy, Batch normalization, ICML 2015, § 3, algorithm 1, and § 3.3",
            "J. L. Ba, J. R. Kiros, G. E. Hinton, Layer normalization, arXiv:1607.06450, 2016, \
             § 3, equation 3",
            "G. Yang, J. Pennington, V. Rao, J. Sohl-Dickstein, S. S. Schoenholz, A mean field \
             theory of batch normalization, ICLR 2019, theorems 3.9 and 3.10",
        ],
        claims: &[BATCH_EXPLODES, BATCH_SAVES_SIGMOID, LAYER_LEVEL, LAYER_SAVES_SIGMOID],
    };

    fn settings(preset: Preset) -> FlowSettings {
        let (width, batch) = if preset == Preset::Quick { (256, 256) } else { (1_024, 512) };
        FlowSettings { seeds: 20, first_seed: 0, width, depth: 20, batch }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        Ok(settings.trials(&arms(settings)))
    }

    fn judge(_: &FlowSettings, results: &Results) -> Vec<Verdict> {
        let sample =
            |network: &str| Sample::of_logs("factor per layer", log_factors(results, network));
        let root = |chi: f64| chi.sqrt();
        let batch = |activation| root(batch_norm_chi(&activation));
        let told = |factor: f64| format!("theory {factor:.3}");
        let (relu, sigmoid) = (Activation::Relu, Activation::Sigmoid);
        let layer_sigmoid = root(layer_norm_chi(&sigmoid));
        vec![
            sample("relu-batch-norm").because(told(batch(relu))).equals(
                &BATCH_EXPLODES,
                batch(relu),
                0.03,
            ),
            sample("sigmoid-batch-norm").because(told(batch(sigmoid))).equals(
                &BATCH_SAVES_SIGMOID,
                batch(sigmoid),
                0.03,
            ),
            sample("relu-layer-norm").equals(&LAYER_LEVEL, root(layer_norm_chi(&relu)), 0.03),
            sample("sigmoid-layer-norm")
                .because(told(layer_sigmoid))
                .exceeds(&LAYER_SAVES_SIGMOID, 0.9),
        ]
    }

    fn pictures(settings: &FlowSettings, results: &Results) -> Vec<Picture> {
        let flow = settings.gradient_flow(results, &ARMS.map(|(network, _, _)| network));
        vec![settings.beside_theory(flow, &arms(settings))]
    }
}
