//! The tanh net at the critical point.

use std::ops::Range;

use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_record::{About, Picture, Preset, Results, TrialResult, by_layer};
use backdraft_rows::QuantityName;
use backdraft_verdicts::judgement::Sample;
use backdraft_verdicts::statistics::Line;
use backdraft_verdicts::{Statement, Verdict};

use super::initial_flow::{FlowSettings, arm, is_hidden, log_gains};

/// Gradients that fall as a power of depth.
pub(crate) struct TanhAlgebraic;

const POWER: Statement = Statement {
    id: "falls-like-one-over-depth",
    statement: "With Xavier initialisation, the squared gradient of a deep tanh net falls towards \
                the input as 1 / depth.",
    rule: "At initialisation, slope of ln ‖∂L/∂h_l‖² against ln l for l ≥ 5, one line per net \
           (theory leaves l / L at layer l of a net of L layers). Two one-sided tests over seeds: \
           supported if the 90 % interval lies within 0.1 of 1, refuted if outside. (Single nets \
           drift by about depth / width.)",
};
const NOT_EXPONENTIAL: Statement = Statement {
    id: "is-not-geometric",
    statement: "With Xavier initialisation, the gradient of a deep tanh net does not fall \
                geometrically, contrary to common belief.",
    rule: "R² of the line of ln ‖∂L/∂h_l‖² against ln l minus R² of a line against l, over the \
           same layers, paired by net: supported if the 95 % interval of the mean lies above 0, \
           refuted if below.",
};
const PRODUCT: Statement = Statement {
    id: "product-is-mean-field",
    statement: "Over the whole depth of a tanh net with Xavier initialisation, the gradient falls \
                as far as mean-field theory predicts.",
    rule: "‖∂L/∂h‖, first over last layer, against the product of √χ(q_l) at this depth. Two one-sided \
           tests on its logarithm: supported if the 90 % interval lies within 10 % of theory, refuted if \
           outside.",
};

const TANH: &str = "tanh";
const RELU: &str = "relu";
/// First layer in the regime of the power law.
const FIRST: usize = 5;

/// ln ‖∂L/∂h_l‖² against ln l and against l.
fn lines(trial: &TrialResult) -> Option<[Line; 2]> {
    let norms = trial.initial(&QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden);
    let points = |scale: fn(f64) -> f64| -> Vec<(f64, f64)> {
        let layers = norms.iter().enumerate().skip(FIRST - 1);
        layers.map(|(index, norm)| (scale(index as f64 + 1.0), 2.0 * norm.ln())).collect()
    };
    Some([Line::fit(&points(f64::ln))?, Line::fit(&points(|layer| layer))?])
}

impl Experiment for TanhAlgebraic {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "tanh-algebraic",
        title: "With Xavier initialisation, a tanh net's gradient falls as a power of depth",
        question: "\"Tanh only mitigates vanishing gradients\" sounds as if sigmoid and tanh \
            differed only in degree. But σw² = 1, which Xavier initialisation gives, is tanh's \
            critical point: the pre-activations shrink, q_l → 1 / 2l, and χ(q_l) → 1 − 1 / l. Is \
            the decay of a different kind?",
        sources: &[
            "X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward \
             neural networks, AISTATS 2010, § 4.2.1, equation 16",
            "S. S. Schoenholz, J. Gilmer, S. Ganguli, J. Sohl-Dickstein, Deep information propagation, \
             ICLR 2017 (the critical point)",
        ],
        claims: &[POWER, NOT_EXPONENTIAL, PRODUCT],
    };

    fn settings(preset: Preset) -> FlowSettings {
        let (seeds, width) = match preset {
            Preset::Quick => (400, 512),
            Preset::Standard => (100, 1_024),
            Preset::Paper => (100, 2_048),
        };
        FlowSettings { seeds, first_seed: 0, width, depth: 40, batch: 2 }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        let network = |activation| MlpConfig {
            activation,
            initializer: Initializer::XavierNormal,
            ..settings.mlp()
        };
        let tanh = arm(TANH, network(Activation::Tanh));
        // For the figure only.
        let relu = arm(RELU, network(Activation::Relu));
        let few = FlowSettings { seeds: 5.min(settings.seeds), ..settings.clone() };
        Ok(settings.trials(&[tanh]).into_iter().chain(few.trials(&[relu])).collect())
    }

    fn judge(settings: &FlowSettings, results: &Results) -> Vec<Verdict> {
        let trials = results.with(&[("network", TANH)]);
        let lines: Vec<[Line; 2]> = trials.into_iter().filter_map(lines).collect();
        let slopes = lines.iter().map(|[power, _]| power.slope).collect();
        let gaps = lines.iter().map(|[power, line]| power.r_squared - line.r_squared).collect();
        let logs = settings.predicted_log_factors(Activation::Tanh, Initializer::XavierNormal);
        let expected = logs.iter().sum::<f64>().exp();
        vec![
            Sample::new("power of the layer", slopes).equals(&POWER, 1.0, 0.1),
            Sample::new("difference of R²", gaps).exceeds(&NOT_EXPONENTIAL, 0.0),
            Sample::of_logs("‖∂L/∂h‖, first over last layer", log_gains(results, TANH))
                .because(format!("theory {expected:.3}"))
                .equals(&PRODUCT, expected, 0.1),
        ]
    }

    fn pictures(settings: &FlowSettings, results: &Results) -> Vec<Picture> {
        let picture = settings.gradient_flow(results, &[TANH, RELU]);
        let trials = results.with(&[("network", TANH)]);
        let layers = by_layer(&trials, &QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden);
        let Some(last) = layers.last() else { return vec![picture] };
        let (tanh, xavier) = (Activation::Tanh, Initializer::XavierNormal);
        vec![picture.predicted(TANH, settings.predicted_flow(tanh, xavier, last.y))]
    }
}
