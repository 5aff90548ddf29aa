//! The effect of skips on the gradient before training.

use std::ops::Range;

use backdraft_lab::{Experiment, Trial};
use backdraft_layers::Initializer;
use backdraft_mlp::{MlpConfig, Normalization, Skip};
use backdraft_record::{About, Factors, Picture, Preset, Results};
use backdraft_verdicts::judgement::Sample;
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::initial_flow::{FlowSettings, arm, log_factors, log_gains};

/// Residual nets with and without normalisation.
pub(crate) struct ResidualFlow;

const BARE_EXPLODES: Statement = Statement {
    id: "bare-residual-explodes",
    statement: "Skips without normalisation make ∂L/∂h of a ReLU net with He initialisation \
                explode.",
    rule: "At initialisation: supported if the 95 % interval of the mean factor per layer lies above \
           1.1, refuted if below.",
};
const BARE_DOUBLES: Statement = Statement {
    id: "bare-residual-doubles",
    statement: "In a residual ReLU net without normalisation, ‖∂L/∂h‖² doubles with every layer, \
                as if branch and skip were independent.",
    rule: "At initialisation, two one-sided tests on ln factor of the norm over seeds: supported if \
           the 90 % interval lies within 5 % of √2, refuted if outside.",
};
const DAMPED_LEVEL: Statement = Statement {
    id: "damped-residual-level",
    statement: "With batch normalisation in the branches, a residual net's gradient grows over the \
                whole depth by less than the number of layers: polynomially, not exponentially.",
    rule: "Ratio of ‖∂L/∂h‖, first over last layer. Supported if the 95 % interval of its geometric \
           mean lies below the number of layers, refuted if above.",
};
const PLAIN_BATCH: Statement = Statement {
    id: "plain-batch-norm-explodes",
    statement: "With batch normalisation but no skips, a net's gradient grows over the whole depth \
                by more than the number of layers.",
    rule: "The same ratio; supported if the interval lies above the number of layers, refuted if \
           below.",
};
const HE_LEVEL: Statement = Statement {
    id: "plain-he-level",
    statement: "A plain ReLU net with He initialisation needs neither skips nor normalisation: on \
                average its gradient is constant across layers.",
    rule: "Two one-sided tests on ln factor: supported if the 90 % interval lies within 5 % of 1, \
           refuted if outside.",
};

/// The arms: level of the factor `network`, normalisation, skip.
const ARMS: [(&str, Normalization, Skip); 4] = [
    (PLAIN, Normalization::None, Skip::None),
    (RESIDUAL, Normalization::None, Skip::Residual),
    (PLAIN_NORM, Normalization::Batch, Skip::None),
    (RESIDUAL_NORM, Normalization::Batch, Skip::Residual),
];
const PLAIN: &str = "plain";
const RESIDUAL: &str = "residual";
const PLAIN_NORM: &str = "plain-batch-norm";
const RESIDUAL_NORM: &str = "residual-batch-norm";

fn arms(settings: &FlowSettings) -> [(Factors, NetworkConfig); 4] {
    let initializer = Initializer::HeNormal;
    ARMS.map(|(name, normalization, skip)| {
        arm(name, MlpConfig { initializer, normalization, skip, ..settings.mlp() })
    })
}

impl Experiment for ResidualFlow {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "residual-flow",
        title: "Skips alone make gradients explode, batch norm alone does too, both together do \
                not",
        question: "\"ResNets fix vanishing gradients\" is said of nets with skips and batch \
            normalisation. What does each of the two do to ∂L/∂h before training, alone and \
            together?",
        sources: &[
            "K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image recognition, CVPR \
             2016, § 3.2, equation 1",
            "G. Yang et al., A mean field theory of batch normalization, ICLR 2019, theorem 3.10 \
             (without skips)",
            "S. De, S. L. Smith, Batch normalization biases residual blocks towards the identity \
             function in deep networks, NeurIPS 2020",
        ],
        claims: &[BARE_EXPLODES, BARE_DOUBLES, DAMPED_LEVEL, PLAIN_BATCH, HE_LEVEL],
    };

    fn settings(preset: Preset) -> FlowSettings {
        let width = if preset == Preset::Quick { 256 } else { 1_024 };
        FlowSettings { seeds: 20, first_seed: 0, width, depth: 50, batch: 64 }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        Ok(settings.trials(&arms(settings)))
    }

    fn judge(settings: &FlowSettings, results: &Results) -> Vec<Verdict> {
        let logs = |network: &str| log_factors(results, network);
        let factor = |network: &str| Sample::of_logs("factor per layer", logs(network));
        let layers = settings.depth as f64 - 1.0;
        let whole = |network: &str| {
            Sample::of_logs("‖∂L/∂h‖, first over last layer", log_gains(results, network))
        };
        vec![
            factor(RESIDUAL).exceeds(&BARE_EXPLODES, 1.1),
            factor(RESIDUAL).equals(&BARE_DOUBLES, 2f64.sqrt(), 0.05),
            whole(RESIDUAL_NORM).stays_below(&DAMPED_LEVEL, layers),
            whole(PLAIN_NORM).exceeds(&PLAIN_BATCH, layers),
            factor(PLAIN).equals(&HE_LEVEL, 1.0, 0.05),
        ]
    }

    fn pictures(settings: &FlowSettings, results: &Results) -> Vec<Picture> {
        let flow = settings.gradient_flow(results, &ARMS.map(|(network, _, _)| network));
        vec![settings.beside_theory(flow, &arms(settings))]
    }
}
