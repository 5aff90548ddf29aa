//! How similar the gradients of different inputs are, by depth.

use std::ops::Range;

use backdraft_lab::measure::{GRADIENT_COSINE, likeness};
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::{MlpConfig, Normalization, Skip};
use backdraft_record::{About, Picture, Point, Preset, Results};
use backdraft_theory::MeanField;
use backdraft_verdicts::judgement::{Sample, in_every_case};
use backdraft_verdicts::{Statement, Verdict};

use super::initial_flow::{FlowSettings, arm, is_hidden};

/// Shattered gradients.
pub(crate) struct ShatteredGradients;

const ANGLES: Statement = Statement {
    id: "likeness-is-the-product-of-angles",
    statement: "In a deep ReLU net with He initialisation, the gradients of two unrelated inputs \
                are as similar as the angles between their activations make them: Π (1 − θ_l / π).",
    rule: "At initialisation, mean cosine over pairs of inputs with independent elements, at the \
           first, the middle and the last but one hidden layer. Two one-sided tests over nets: \
           supported if every 90 % interval lies within 0.02 of theory, refuted if one lies \
           outside.",
};
const HALVES: Statement = Statement {
    id: "halves-with-every-layer",
    statement: "In a deep ReLU net, the similarity of two inputs' gradients halves with every \
                layer, as if the inputs shared half of the active units in each.",
    rule: "Mean cosine at the first of L layers: supported if its 95 % interval lies below 2 · 2^−(L − 1), \
           refuted if above.",
};
const BATCH_NORM_SHATTERS: Statement = Statement {
    id: "batch-norm-shatters",
    statement: "With batch normalisation, two inputs' gradients in a deep ReLU net are even less \
                similar.",
    rule: "Mean cosine at the first layer, without − with batch normalisation, paired by seed. Supported \
           if its 95 % interval lies above 0, refuted if below.",
};
const SKIPS_KEEP: Statement = Statement {
    id: "skips-keep-it",
    statement: "Skips around batch-normalised layers preserve the similarity of two inputs' \
                gradients.",
    rule: "Mean cosine at the first layer, with − without skips, both with batch normalisation, paired by \
           seed. Supported if its 95 % interval lies above 0.05, refuted if below.",
};

const PLAIN: &str = "plain";
const PLAIN_NORM: &str = "plain-batch-norm";
const RESIDUAL_NORM: &str = "residual-batch-norm";
const ARMS: [(&str, Normalization, Skip); 3] = [
    (PLAIN, Normalization::None, Skip::None),
    (PLAIN_NORM, Normalization::Batch, Skip::None),
    (RESIDUAL_NORM, Normalization::Batch, Skip::Residual),
];

/// The mean cosines of a layer, counted from 1, by seed.
fn cosines(results: &Results, network: &str, layer: usize) -> Vec<f64> {
    let trials = results.with(&[("network", network)]);
    let at = |values: Vec<f64>| values.get(layer - 1).copied();
    trials.iter().filter_map(|trial| at(trial.initial(&GRADIENT_COSINE, is_hidden))).collect()
}

/// Theory's mean cosine in each layer of the plain net, first to last.
fn predicted(settings: &FlowSettings) -> Vec<f64> {
    let field = MeanField::new(Activation::Relu, 2.0, 0.0);
    // Independent inputs are orthogonal, and their first pre-activations uncorrelated.
    let products = field.gradient_correlations(2.0, 0.0, settings.depth);
    // The path from the last layer back to layer l passes through the layers l + 1 to L.
    let whole = products[settings.depth - 1];
    products.iter().map(|product| whole / product).collect()
}

impl Experiment for ShatteredGradients {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "shattered-gradients",
        title: "Gradients of different inputs grow dissimilar with depth, by a power law rather \
                than by halves",
        question: "A gradient of the right size is of little use if it points in a different \
            direction for every input. Balduzzi et al. derive that in plain nets the correlation \
            between two inputs' gradients decays exponentially with depth, and far more slowly \
            with skips. Does it?",
        sources: &[
            "D. Balduzzi, M. Frean, L. Leary, J. P. Lewis, K. W.-D. Ma, B. McWilliams, The \
             shattered gradients problem: if resnets are the answer, then what is the question?, \
             ICML 2017, § 3, theorem 1 (halving), theorem 3 (skips with batch normalisation)",
            "Y. Cho, L. K. Saul, Kernel methods for deep learning, NeurIPS 2009 (the angles)",
        ],
        claims: &[ANGLES, HALVES, BATCH_NORM_SHATTERS, SKIPS_KEEP],
    };

    fn settings(preset: Preset) -> FlowSettings {
        let (seeds, width) = match preset {
            Preset::Quick => (200, 512),
            Preset::Standard => (200, 1_024),
            Preset::Paper => (200, 2_048),
        };
        FlowSettings { seeds, first_seed: 0, width, depth: 12, batch: 32 }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        let arms = ARMS.map(|(name, normalization, skip)| {
            let initializer = Initializer::HeNormal;
            arm(name, MlpConfig { initializer, normalization, skip, ..settings.mlp() })
        });
        Ok(settings.trials_of(&arms, likeness))
    }

    fn judge(settings: &FlowSettings, results: &Results) -> Vec<Verdict> {
        let cosine = |network: &str, layer| cosines(results, network, layer);
        let expected = predicted(settings);
        let case = |layer: usize| {
            let theory = expected[layer - 1];
            let sample = Sample::new("mean cosine", cosine(PLAIN, layer));
            let sample = sample.because(format!("theory {theory:.4}"));
            (format!("layer {layer}"), sample.equals(&ANGLES, theory, 0.02))
        };
        let layers = [1, settings.depth / 2, settings.depth - 1];
        let difference = |more: &str, less: &str| {
            let pairs = cosine(more, 1).into_iter().zip(cosine(less, 1));
            Sample::new(
                "difference of mean cosines",
                pairs.map(|(more, less)| more - less).collect(),
            )
        };
        let halved = 2.0 * 0.5f64.powi(settings.depth as i32 - 1);
        vec![
            in_every_case(&ANGLES, layers.map(case).into()),
            Sample::new("mean cosine", cosine(PLAIN, 1))
                .because(format!("bound {halved:.1e}, theory {:.4}", expected[0]))
                .stays_below(&HALVES, halved),
            difference(PLAIN, PLAIN_NORM).exceeds(&BATCH_NORM_SHATTERS, 0.0),
            difference(RESIDUAL_NORM, PLAIN_NORM).exceeds(&SKIPS_KEEP, 0.05),
        ]
    }

    fn pictures(settings: &FlowSettings, results: &Results) -> Vec<Picture> {
        let picture = Picture::new(
            "likeness",
            "Similarity of the gradients of unrelated inputs",
            "hidden layer",
            "mean cosine",
        );
        let layers = 1..=settings.depth;
        let picture = ARMS.iter().fold(picture, |picture, (network, ..)| {
            let point = |layer| Point::mean(layer as f64, &cosines(results, network, layer));
            picture.measured(*network, layers.clone().filter_map(point))
        });
        let theory = layers.map(|layer| layer as f64).zip(predicted(settings));
        vec![picture.predicted(PLAIN, theory)]
    }
}
