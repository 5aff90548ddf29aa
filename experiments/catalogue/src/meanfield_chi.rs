//! The factor per layer, measured and predicted, of every activation and initialiser.

use std::ops::Range;

use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_record::{About, Factors, Picture, Point, Preset, Results, TrialResult, by_layer};
use backdraft_rows::QuantityName;
use backdraft_verdicts::judgement::{Sample, in_every_case};
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::initial_flow::{FlowSettings, is_hidden};

/// Theory of infinitely wide random networks against networks of finite width.
pub(crate) struct MeanfieldChi;

const RULE: &str = "At initialisation, for each initialiser: the mean of ln(‖∂L/∂h_l‖ / \
     ‖∂L/∂h_(l+1)‖) over the layers, against the mean of ln √χ(q_l) along the variances that \
     theory predicts from the variance of the input. Two one-sided tests over seeds: supported if \
     every 90 % interval lies within 5 % of theory, refuted if one lies outside.";

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
    Identity "linear" "A linear net's ∂L/∂h changes by mean-field theory's √χ per layer.";
    Sigmoid "sigmoid" "A sigmoid net's ∂L/∂h changes by mean-field theory's √χ per layer.";
    Tanh "tanh" "A tanh net's ∂L/∂h changes by mean-field theory's √χ per layer.";
    Relu "relu" "A ReLU net's ∂L/∂h changes by mean-field theory's √χ per layer.";
    LeakyRelu "leaky-relu" "A leaky ReLU net's ∂L/∂h changes by mean-field theory's √χ per layer.";
    Elu "elu" "An ELU net's ∂L/∂h changes by mean-field theory's √χ per layer.";
    Selu "selu" "A SELU net's ∂L/∂h changes by mean-field theory's √χ per layer.";
    Gelu "gelu" "A GELU net's ∂L/∂h changes by mean-field theory's √χ per layer.";
    Silu "silu" "A SiLU net's ∂L/∂h changes by mean-field theory's √χ per layer.";
}

/// The initialisers, by level of the factor `initializer`.
const INITIALIZERS: [(&str, Initializer); 4] = [
    ("burn-default", Initializer::BurnDefault),
    ("lecun", Initializer::LecunNormal),
    ("xavier", Initializer::XavierNormal),
    ("he", Initializer::HeNormal),
];

impl Experiment for MeanfieldChi {
    type Settings = FlowSettings;

    const ABOUT: About = About {
        name: "meanfield-chi",
        title: "Factor per layer of nine activations under four initialisers, against theory",
        question: "In the limit of wide layers, the squared norm of the gradient changes by χ = \
            σw² E φ′(√q z)² from each layer to the one before it, where q is the variance of the \
            pre-activations. Does this hold in networks of finite width, for every activation and \
            initialiser, Burn's default included?",
        sources: &[
            "B. Poole, S. Lahiri, M. Raghu, J. Sohl-Dickstein, S. Ganguli, Exponential \
             expressivity in deep neural networks through transient chaos, NeurIPS 2016, § 2 and \
             § 3",
            "S. S. Schoenholz, J. Gilmer, S. Ganguli, J. Sohl-Dickstein, Deep information \
             propagation, ICLR 2017",
        ],
        claims: CLAIMS,
    };

    fn settings(preset: Preset) -> FlowSettings {
        let (seeds, width) = match preset {
            Preset::Quick => (20, 256),
            Preset::Standard => (20, 1_024),
            Preset::Paper => (50, 1_024),
        };
        FlowSettings { seeds, first_seed: 0, width, depth: 10, batch: 8 }
    }

    fn seeds(settings: &FlowSettings) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &FlowSettings) -> anyhow::Result<Vec<Trial>> {
        let mut arms = Vec::new();
        for (activation, _) in CASES {
            for (initializer, init) in INITIALIZERS {
                let network =
                    MlpConfig { activation: *activation, initializer: init, ..settings.mlp() };
                arms.push((factors(*activation, initializer), NetworkConfig::Mlp(network)));
            }
        }
        Ok(settings.trials(&arms))
    }

    fn judge(settings: &FlowSettings, results: &Results) -> Vec<Verdict> {
        let judge = |(activation, claim): &(Activation, Statement)| {
            let case = |(name, init): (&str, Initializer)| {
                let trials = trials_of(results, *activation, name);
                let factor = |trial: &&TrialResult| {
                    trial.log_factor(&QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden)
                };
                let logs = trials.iter().filter_map(factor).collect();
                let expected = settings.predicted_factor(*activation, init);
                let sample = Sample::of_logs("factor per layer", logs)
                    .because(format!("theory {expected:.3}"));
                (name.to_owned(), sample.equals(claim, expected, 0.05))
            };
            in_every_case(claim, INITIALIZERS.map(case).into())
        };
        CASES.iter().map(judge).collect()
    }

    fn pictures(settings: &FlowSettings, results: &Results) -> Vec<Picture> {
        let picture = |(name, init): (&str, Initializer)| {
            let title = format!("Gradient by layer, {name} initialiser, width {}", settings.width);
            let mut picture = Picture::new(
                &format!("gradient-flow-{name}"),
                title,
                "hidden layer",
                "‖∂L/∂h‖, L2 over the batch",
            )
            .logarithmic();
            for (activation, _) in CASES {
                let trials = trials_of(results, *activation, name);
                let layers = by_layer(&trials, &QuantityName::ACTIVATION_GRADIENT_NORM, is_hidden);
                let last: Option<Point> = layers.last().copied();
                picture = picture.profile(activation.name(), layers);
                let Some(last) = last else { continue };
                let predicted = settings.predicted_flow(*activation, init, last.y);
                picture = picture.predicted(activation.name(), predicted);
            }
            picture
        };
        INITIALIZERS.map(picture).into()
    }
}

fn factors(activation: Activation, initializer: &str) -> Factors {
    Factors::new([
        ("activation", activation.name().to_owned()),
        ("initializer", initializer.to_owned()),
    ])
}

fn trials_of<'a>(
    results: &'a Results,
    activation: Activation,
    initializer: &str,
) -> Vec<&'a TrialResult> {
    results.with(&[("activation", activation.name()), ("initializer", initializer)])
}
