//! Layer normalisation before or after the sublayers of a transformer.

use std::ops::Range;

use backdraft_lab::{Experiment, Trial};
use backdraft_record::{About, Factors, Picture, Point, Preset, Results};
use backdraft_rows::QuantityName;
use backdraft_transformer::{NormOrder, TransformerConfig};
use backdraft_verdicts::judgement::Sample;
use backdraft_verdicts::statistics::Line;
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::initial_flow::FlowSettings;

/// Pre- against post-layer-norm.
pub(crate) struct NormOrderExperiment;

const POST: &str = "post";
const PRE: &str = "pre";

const POST_FLAT: Statement = Statement {
    id: "post-norm-flat",
    statement: "With layer normalisation after each sublayer, the last layer's weight gradient \
                does not depend on the number of layers.",
    rule: "Slope of ln ‖∂L/∂W‖ of the last feed-forward matrix against ln L, fitted for each seed. \
           Two one-sided tests: supported if the 90 % interval lies within 0.1 of 0, refuted if \
           outside.",
};
const PRE_FALLS: Statement = Statement {
    id: "pre-norm-falls",
    statement: "With layer normalisation before each sublayer, the last layer's weight gradient \
                falls as 1 / √L, L being the number of layers.",
    rule: "The same slope. Two one-sided tests: supported if the 90 % interval lies within 0.1 of \
           −1/2, refuted if outside.",
};

/// Numbers of layers: 2, 4, 8, … up to the depth of the settings.
fn depths(settings: &FlowSettings) -> Vec<usize> {
    let all = std::iter::successors(Some(2), |layers| Some(2 * layers));
    all.take_while(|layers| *layers <= settings.depth).collect()
}

/// ‖∂L/∂W‖ of the last layer's second feed-forward matrix by seed, at one depth.
fn norms(results: &Results, order: &str, layers: usize) -> Vec<(u64, f64)> {
    let trials = results.with(&[("norm", order), ("layers", &layers.to_string())]);
    let last = format!("layers.{}.contract.weight", layers - 1);
    let norm = |trial: &&backdraft_record::TrialResult| {
        let norms = trial.initial(&QuantityName::GRADIENT_NORM, |subject| *subject == *last);
        Some((trial.seed, *norms.first()?))
    };
    trials.iter().filter_map(norm).collect()
}

impl NormOrderExperiment {
    fn slopes(settings: &FlowSettings, results: &Results, order: &str) -> Sample {
        let by_depth: Vec<(f64, Vec<(u64, f64)>)> = depths(settings)
            .into_iter()
            .map(|layers| ((layers as f64).ln(), norms(results, order, layers)))
            .collect();
        let slope = |seed: u64| {
            let of_seed = |norms: &[(u64, f64)]| norms.iter().find(|n| n.0 == seed).map(|n| n.1);
            let points: Vec<(f64, f64)> = by_depth
                .iter()
                .filter_map(|(depth, norms)| Some((*depth, of_seed(norms)?.ln())))
                .collect();
            Line::fit(&points).map(|line| line.slope)
        };
        Sample::new("slope against ln L", settings.seeds().filter_map(slope).collect())
    }
}

impl Experiment for NormOrderExperiment {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "pre-norm-vs-post-norm",
        title: "Why pre-norm transformers train without warm-up",
        question: "Xiong et al. explain the need for a learning-rate warm-up by the gradients of \
            the last layers at initialisation, which do not shrink with depth if layer \
            normalisation comes after the addition. Do the gradients scale with depth as the paper \
            derives?",
        sources: &[
            "R. Xiong et al., On layer normalization in the transformer architecture, ICML 2020, \
             § 3.3, theorem 1, figures 3(c) and 3(d)",
            "A. Vaswani et al., Attention is all you need, NeurIPS 2017, § 3.1",
        ],
        claims: &[POST_FLAT, PRE_FALLS],
    };

    fn settings(preset: Preset) -> FlowSettings {
        let depth = if preset == Preset::Quick { 16 } else { 64 };
        FlowSettings { seeds: 20, first_seed: 0, width: 64, depth, batch: 4 }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        let mut arms = Vec::new();
        for (name, norm) in [(POST, NormOrder::Post), (PRE, NormOrder::Pre)] {
            for layers in depths(settings) {
                let width = settings.width;
                let network =
                    TransformerConfig { width, heads: 1, layers, norm, ..Default::default() };
                let factors =
                    Factors::new([("norm", name.to_owned()), ("layers", layers.to_string())]);
                arms.push((factors, NetworkConfig::Transformer(network)));
            }
        }
        Ok(settings.trials(&arms))
    }

    fn judge(settings: &FlowSettings, results: &Results) -> Vec<Verdict> {
        vec![
            Self::slopes(settings, results, POST).equals(&POST_FLAT, 0.0, 0.1),
            Self::slopes(settings, results, PRE).equals(&PRE_FALLS, -0.5, 0.1),
        ]
    }

    fn pictures(settings: &FlowSettings, results: &Results) -> Vec<Picture> {
        let picture = Picture::new(
            "last-layer",
            "Gradient of the last feed-forward matrix at initialisation",
            "layers L",
            "‖∂L/∂W‖, L2",
        );
        vec![[POST, PRE].iter().fold(picture.logarithmic(), |picture, order| {
            let points = depths(settings).into_iter().filter_map(|layers| {
                let norms: Vec<f64> =
                    norms(results, order, layers).into_iter().map(|(_, norm)| norm).collect();
                Point::geometric_mean(layers as f64, &norms)
            });
            picture.measured(format!("{order}-norm"), points)
        })]
    }
}
