//! Single networks of finite width and the interval that theory predicts for them.

use std::ops::Range;

use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_record::{About, Picture, Point, Preset, Results, by_layer};
use backdraft_rows::QuantityName;
use backdraft_theory::{LogGain, MeanField};
use backdraft_verdicts::judgement::Successes;
use backdraft_verdicts::{Statement, Verdict};

use super::initial_flow::{FlowSettings, arm, is_hidden, log_gains};

/// The interval of mean-field theory with its first-order correction for width.
pub(crate) struct FiniteWidthInterval;

const RULE: &str = "At initialisation, one example per net: does ln ‖∂L/∂h_1‖ / ‖∂L/∂h_L‖ lie \
     within the mean ± 1.96 standard deviations that theory predicts for this depth and width? \
     Xavier and He initialisation together (LeCun's equals Xavier's where every matrix is square). \
     Supported if the exact 95 % interval of the share of nets lies above 0.85, refuted if below.";

macro_rules! claims {
    ($($activation:ident $id:literal $statement:literal;)*) => {
        const CASES: &[(Activation, Statement)] = &[$((
            Activation::$activation,
            Statement { id: $id, statement: $statement, rule: RULE },
        ),)*];
        const CLAIMS: &[Statement] =
            &[$(Statement { id: $id, statement: $statement, rule: RULE },)*];
    };
}

claims! {
    Sigmoid "sigmoid" "The gradients of 95 % of narrow sigmoid nets lie within the interval \
        that theory predicts.";
    Tanh "tanh" "The gradients of 95 % of narrow tanh nets lie within the interval \
        that theory predicts.";
    Relu "relu" "The gradients of 95 % of narrow ReLU nets lie within the interval \
        that theory predicts.";
    LeakyRelu "leaky-relu" "The gradients of 95 % of narrow leaky ReLU nets lie within the \
        interval that theory predicts.";
    Elu "elu" "The gradients of 95 % of narrow ELU nets lie within the interval \
        that theory predicts.";
}

/// The initialisers and the variance σw² that they give.
const INITIALIZERS: [(&str, Initializer, f64); 2] =
    [("xavier", Initializer::XavierNormal, 1.0), ("he", Initializer::HeNormal, 2.0)];

fn name(activation: Activation, initializer: &str) -> String {
    format!("{}-{initializer}", activation.name())
}

/// The predicted gain of every layer, first to last.
fn predicted(settings: &FlowSettings, activation: Activation, variance: f64) -> Vec<LogGain> {
    let field = MeanField::new(activation, variance, 0.0);
    field.log_gains(variance, settings.depth, settings.width)
}

impl Experiment for FiniteWidthInterval {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "finite-width-interval",
        title: "The interval in which a narrow net's gradient lies",
        question: "Mean-field theory is about infinite width. A net of 64 units strays from it, \
            because its random matrices change the length of a vector and because the variance of \
            its activations strays too. To first order in 1 / width, the logarithm of the gain is \
            normal. Is its interval right for activations other than ReLU?",
        sources: &[
            "B. Hanin, M. Nica, Products of many large random matrices and gradients in deep neural \
             networks, Communications in Mathematical Physics 376, 2020 (ReLU)",
            "S. S. Schoenholz, J. Gilmer, S. Ganguli, J. Sohl-Dickstein, Deep information propagation, \
             ICLR 2017 (the mean)",
        ],
        claims: CLAIMS,
    };

    fn settings(preset: Preset) -> FlowSettings {
        let seeds = match preset {
            Preset::Quick => 200,
            Preset::Standard => 1_000,
            Preset::Paper => 5_000,
        };
        FlowSettings { seeds, first_seed: 0, width: 64, depth: 10, batch: 1 }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        let mut arms = Vec::new();
        for &(activation, _) in CASES {
            for (initializer, init, _) in INITIALIZERS {
                let network = MlpConfig { activation, initializer: init, ..settings.mlp() };
                arms.push(arm(&name(activation, initializer), network));
            }
        }
        Ok(settings.trials(&arms))
    }

    fn judge(settings: &FlowSettings, results: &Results) -> Vec<Verdict> {
        let judge = |(activation, claim): &(Activation, Statement)| {
            let mut outcomes = Vec::new();
            let mut told = Vec::new();
            for (initializer, _, variance) in INITIALIZERS {
                let (low, high) = predicted(settings, *activation, variance)[0].interval();
                let gains = log_gains(results, &name(*activation, initializer));
                let inside = gains.iter().map(|gain| (low.ln()..=high.ln()).contains(gain));
                outcomes.extend(inside);
                told.push(format!("{initializer} [{low:.2e}, {high:.2e}]"));
            }
            Successes::new("share of nets within", outcomes)
                .because(told.join(", "))
                .exceeds(claim, 0.85)
        };
        CASES.iter().map(judge).collect()
    }

    fn pictures(settings: &FlowSettings, results: &Results) -> Vec<Picture> {
        let picture = |(initializer, _, variance): (&str, Initializer, f64)| {
            let title = format!(
                "Gradient over the last layer's, {initializer}; dashed: 95 % of nets of width {}",
                settings.width
            );
            let name_of_picture = format!("interval-{initializer}");
            let picture =
                Picture::new(&name_of_picture, title, "hidden layer", "‖∂L/∂h‖, last layer = 1");
            CASES.iter().fold(picture.logarithmic(), |picture, (activation, _)| {
                let trials = results.with(&[("network", &name(*activation, initializer))]);
                let layers = by_layer(&trials, &QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden);
                let last = layers.last().map_or(1.0, |point| point.y);
                let over_last = layers.iter().map(|point| Point {
                    x: point.x,
                    y: point.y / last,
                    interval: None,
                });
                let gains = predicted(settings, *activation, variance);
                let bound = |of: fn((f64, f64)) -> f64| {
                    let bounds = gains.iter().map(move |gain| of(gain.interval()));
                    bounds.enumerate().map(|(layer, y)| (layer as f64 + 1.0, y)).collect::<Vec<_>>()
                };
                picture
                    .measured(activation.name(), over_last)
                    .predicted(activation.name(), bound(|(low, _)| low))
                    .predicted(activation.name(), bound(|(_, high)| high))
            })
        };
        INITIALIZERS.map(picture).into()
    }
}
