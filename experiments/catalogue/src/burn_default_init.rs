//! What happens to the gradient if no initialiser is set.

use std::ops::Range;

use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_record::{About, Factors, Picture, Preset, Results};
use backdraft_verdicts::judgement::Sample;
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::initial_flow::{FlowSettings, arm, log_factors, log_gains};

/// Burn's and PyTorch's default initialisation of linear layers.
pub(crate) struct BurnDefaultInit;

const RULE: &str = "At initialisation: two one-sided tests on ln factor over seeds; supported if \
     the 90 % interval lies within 3 % of mean-field theory, refuted if outside.";

const RELU: Statement = Statement {
    id: "relu",
    statement: "A ReLU net with the default initialiser keeps √(1/6) = 0.41 of its gradient per \
                layer.",
    rule: RULE,
};
const TANH: Statement = Statement {
    id: "tanh",
    statement: "A tanh net with the default initialiser keeps √(1/3) = 0.58 of its gradient per \
                layer, slightly less in the first layers.",
    rule: RULE,
};
const SIGMOID: Statement = Statement {
    id: "sigmoid",
    statement: "A sigmoid net with the default initialiser keeps 0.14 of its gradient per layer.",
    rule: RULE,
};
const OUT_OF_REACH: Statement = Statement {
    id: "thirty-layers",
    statement: "In a ReLU net of 30 layers with the default initialiser, less than a ten-billionth \
                of the last layer's gradient reaches the first.",
    rule: "‖∂L/∂h‖, first over last of `depth` layers: supported if the 95 % interval of the \
           geometric mean lies below 1e-10, refuted if above.",
};
const HE_MENDS: Statement = Statement {
    id: "he-mends-it",
    statement: "He initialisation, one line in the configuration, keeps a ReLU net's gradient \
                constant across layers.",
    rule: RULE,
};

/// The arms: level of the factor `network`, activation, initialiser, statement.
const ARMS: [(&str, Activation, Initializer, Statement); 4] = [
    ("relu", Activation::Relu, Initializer::BurnDefault, RELU),
    ("tanh", Activation::Tanh, Initializer::BurnDefault, TANH),
    ("sigmoid", Activation::Sigmoid, Initializer::BurnDefault, SIGMOID),
    ("relu-he", Activation::Relu, Initializer::HeUniform, HE_MENDS),
];

fn arms(settings: &FlowSettings) -> [(Factors, NetworkConfig); 4] {
    ARMS.map(|(name, activation, initializer, _)| {
        arm(name, MlpConfig { activation, initializer, ..settings.mlp() })
    })
}

impl Experiment for BurnDefaultInit {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "burn-default-init",
        title: "With no initialiser set, gradients vanish from the start",
        question: "By default, the linear layers of Burn and PyTorch draw their weights uniformly \
            with variance 1 / (3 fan-in): σw² = 1/3, a sixth of what ReLU needs. How much of a \
            deep net's gradient is left before training has started?",
        sources: &[
            "Burn 0.22.1, burn-nn: LinearConfig's initializer, KaimingUniform with gain 1/√3, fan-in only",
            "X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural \
             networks, AISTATS 2010, eq. 1: the same, as the \"standard\" initialisation",
            "K. He, X. Zhang, S. Ren, J. Sun, Delving deep into rectifiers, ICCV 2015, § 2.2, \
             equations 10 and 14",
        ],
        claims: &[RELU, TANH, SIGMOID, OUT_OF_REACH, HE_MENDS],
    };

    fn settings(preset: Preset) -> FlowSettings {
        let width = if preset == Preset::Quick { 256 } else { 1_024 };
        FlowSettings { seeds: 20, first_seed: 0, width, depth: 30, batch: 8 }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        Ok(settings.trials(&arms(settings)))
    }

    fn judge(settings: &FlowSettings, results: &Results) -> Vec<Verdict> {
        let [relu, tanh, sigmoid, he] = ARMS.map(|(name, activation, initializer, claim)| {
            let expected = settings.predicted_factor(activation, initializer);
            Sample::of_logs("factor per layer", log_factors(results, name))
                .because(format!("theory {expected:.3}"))
                .equals(&claim, expected, 0.03)
        });
        let gains = Sample::of_logs("‖∂L/∂h‖, first over last layer", log_gains(results, "relu"));
        vec![relu, tanh, sigmoid, gains.stays_below(&OUT_OF_REACH, 1e-10), he]
    }

    fn pictures(settings: &FlowSettings, results: &Results) -> Vec<Picture> {
        let flow = settings.gradient_flow(results, &ARMS.map(|(name, ..)| name));
        vec![settings.beside_theory(flow, &arms(settings))]
    }
}
