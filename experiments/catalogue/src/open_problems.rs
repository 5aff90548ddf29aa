//! Four sick nets and their cures.

use std::ops::Range;

use backdraft_datasets::ImageSet;
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::{MlpConfig, Normalization, Skip};
use backdraft_record::{About, Picture, Preset, Results};
use backdraft_recurrent::{Cell, RecurrentConfig};
use backdraft_trainer::{Clipping, OptimizerConfig, TrainerConfig};
use backdraft_verdicts::judgement::in_every_case;
use backdraft_verdicts::{Statement, Verdict};
use backdraft_zoo::NetworkConfig;

use super::tournament::{Images, Reading, Tournament, TournamentArm};

/// A very deep, a badly initialised, a narrow and a long-sequence net, each with every cure.
pub(crate) struct OpenProblems;

const RULE: &str = "Each net with the cure, at its best learning rate: a seed is cured if the test \
     accuracy reaches the goal. Supported if for every net the exact 95 % interval of the share of \
     seeds lies above 1/2, refuted if for one it lies below 1/2.";

/// The cures with their statements; the rule is the same for all.
macro_rules! cures {
    ($($cure:ident $id:literal $statement:literal;)*) => {
        const CURES: &[(Cure, Statement)] = &[$((
            Cure::$cure,
            Statement { id: $id, statement: $statement, rule: RULE },
        ),)*];
        const CLAIMS: &[Statement] =
            &[$(Statement { id: $id, statement: $statement, rule: RULE },)*];
    };
}

cures! {
    Nothing "nothing" "With no cure but a well-chosen learning rate, SGD trains very deep, badly \
        initialised, narrow and long-sequence nets.";
    Clipping "clipping" "Gradient clipping lets very deep, badly initialised, narrow and \
        long-sequence nets learn.";
    Adam "adam" "Adam lets very deep, badly initialised, narrow and long-sequence nets learn.";
    Initializer "initialiser" "The right initialiser (He's for ReLU nets, orthogonal weights \
        through time) lets very deep, badly initialised, narrow and long-sequence nets learn.";
    Normalization "normalisation" "Batch normalisation lets very deep, badly initialised and \
        narrow nets learn.";
    Skips "skips" "Paths around the layers (skips whose branches start closed, an LSTM's memory \
        through time) let very deep, badly initialised, narrow and long-sequence nets learn.";
    Everything "everything" "All these cures together let very deep, badly initialised, narrow \
        and long-sequence nets learn.";
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Cure {
    Nothing,
    Clipping,
    Adam,
    Initializer,
    Normalization,
    Skips,
    Everything,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Net {
    Deep,
    Small,
    Narrow,
    Long,
}

const NETS: [Net; 4] = [Net::Deep, Net::Small, Net::Narrow, Net::Long];

/// Variance of a weight times its fan-in, far too small: a thirtieth of He's.
const TOO_SMALL: f64 = 0.06;
/// Units of a narrow layer: most nets of this width and depth are born dead.
const NARROW: usize = 4;

impl Cure {
    fn includes(self, cure: Self) -> bool {
        self == cure || self == Self::Everything
    }

    fn claim_id(self) -> &'static str {
        CURES.iter().find(|(cure, _)| *cure == self).map_or("", |(_, claim)| claim.id)
    }
}

impl Net {
    fn name(self) -> &'static str {
        match self {
            Self::Deep => "deep",
            Self::Small => "small-weights",
            Self::Narrow => "narrow",
            Self::Long => "long-sequence",
        }
    }

    /// Tells whether the cure applies to this net.
    fn takes(self, cure: Cure) -> bool {
        self != Self::Long || cure != Cure::Normalization
    }

    fn network(self, cure: Cure, width: usize, depth: usize) -> NetworkConfig {
        let (depth, width, initializer) = match self {
            Self::Deep => (depth, width, Initializer::XavierNormal),
            Self::Small => (depth / 3, width, Initializer::MeanField(TOO_SMALL)),
            Self::Narrow => (2 * depth / 3, NARROW, Initializer::HeNormal),
            Self::Long => return NetworkConfig::Recurrent(recurrent(cure, width)),
        };
        let has = |part: Cure| cure.includes(part);
        NetworkConfig::Mlp(MlpConfig {
            depth: depth.max(1),
            width,
            activation: Activation::Relu,
            initializer: if has(Cure::Initializer) { Initializer::HeNormal } else { initializer },
            normalization: if has(Cure::Normalization) {
                Normalization::Batch
            } else {
                Normalization::None
            },
            skip: if has(Cure::Skips) { Skip::Rezero } else { Skip::None },
            ..Default::default()
        })
    }
}

/// A tanh RNN, which reads images pixel by pixel.
fn recurrent(cure: Cure, hidden: usize) -> RecurrentConfig {
    let is_orthogonal = cure.includes(Cure::Initializer);
    RecurrentConfig {
        cell: if cure.includes(Cure::Skips) { Cell::Lstm } else { Cell::Rnn },
        hidden,
        recurrent_initializer: if is_orthogonal {
            Initializer::Orthogonal(1.0)
        } else {
            Initializer::XavierNormal
        },
        ..Default::default()
    }
}

/// The name of a net with a cure.
fn arm_name(net: Net, cure: Cure) -> String {
    format!("{}.{}", net.name(), cure.claim_id())
}

fn arms(settings: &Tournament<Images>) -> Vec<TournamentArm<Images>> {
    let arm = |(net, cure): (Net, Cure)| {
        let is_adam = cure.includes(Cure::Adam);
        let optimizer = if is_adam { OptimizerConfig::ADAM } else { OptimizerConfig::SGD };
        let clipping = cure.includes(Cure::Clipping).then_some(Clipping::GlobalNorm(1.0));
        let width = settings.task.width;
        let network = move |depth| net.network(cure, width, depth);
        let arm = settings.arm(arm_name(net, cure), optimizer, network);
        let form = if net == Net::Long { Reading::Pixels } else { Reading::Whole };
        TournamentArm { trainer: TrainerConfig { clipping, ..arm.trainer }, form, ..arm }
    };
    let cures = |net: Net| CURES.iter().map(move |(cure, _)| (net, *cure));
    let all = NETS.into_iter().flat_map(cures).filter(|(net, cure)| net.takes(*cure));
    all.map(arm).collect()
}

impl Experiment for OpenProblems {
    type Settings = Tournament<Images>;

    const ABOUT: About = About {
        name: "open-problems",
        title: "Four sick nets and every cure: which fails where",
        question: "Every cure for vanishing gradients was made for one cause. A very deep net, one \
            initialised far too small, a narrow one and a recurrent one on a long sequence suffer \
            from four different causes. Which cure helps which net, does any help all of them, and \
            do all cures together?",
        sources: &[
            "K. He et al., Delving deep into rectifiers, ICCV 2015, § 2.2, equations 10 and 14 \
             (initialiser)",
            "S. Ioffe, C. Szegedy, Batch normalization, ICML 2015, § 3, algorithm 1",
            "T. Bachlechner et al., ReZero is all you need, UAI 2021, § 3, equation 4 (skips that \
             start closed)",
            "S. Hochreiter, J. Schmidhuber, Long short-term memory, Neural Computation 9, 1997, \
             § 4",
            "R. Pascanu, T. Mikolov, Y. Bengio, On the difficulty of training recurrent neural \
             networks, ICML 2013, § 3.2, algorithm 1 (clipping)",
            "L. Lu et al., Dying ReLU and initialization, Communications in Computational Physics 28, \
             2020 (narrow nets)",
        ],
        claims: CLAIMS,
    };

    fn settings(preset: Preset) -> Tournament<Images> {
        let (seeds, data, images, depth, steps) = match preset {
            Preset::Quick => (12, ImageSet::Digits, 2_000, 30, 200),
            Preset::Standard => (6, ImageSet::Digits, 2_000, 50, 2_000),
            Preset::Paper => (6, ImageSet::FashionMnist, 60_000, 100, 10_000),
        };
        Tournament {
            seeds,
            first_seed: 0,
            steps,
            batch_size: 32,
            rates: vec![1e-2, 0.1, 1.0],
            tuning_seeds: 3,
            evaluate_every: steps / 10,
            task: Images { data, images, depths: vec![depth], width: 32, accuracy: 0.5 },
        }
    }

    fn seeds(settings: &Tournament<Images>) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &Tournament<Images>) -> anyhow::Result<Vec<Trial>> {
        settings.trials(&arms(settings))
    }

    fn judge(settings: &Tournament<Images>, results: &Results) -> Vec<Verdict> {
        let contest = settings.contest(results);
        let (_, depth) = settings.extremes();
        let judged = |(cure, claim): &(Cure, Statement)| {
            let case = |net: Net| {
                let cured = contest.successes(&arm_name(net, *cure), depth);
                (net.name().to_owned(), cured.exceeds(claim, 0.5))
            };
            let nets = NETS.into_iter().filter(|net| net.takes(*cure));
            in_every_case(claim, nets.map(case).collect())
        };
        CURES.iter().map(judged).collect()
    }

    fn pictures(settings: &Tournament<Images>, results: &Results) -> Vec<Picture> {
        let contest = settings.contest(results);
        let (_, depth) = settings.extremes();
        let picture = |net: Net| {
            let cures = CURES.iter().map(|(cure, _)| *cure).filter(|cure| net.takes(*cure));
            let arms: Vec<String> = cures.map(|cure| arm_name(net, cure)).collect();
            let arms: Vec<&str> = arms.iter().map(String::as_str).collect();
            let picture = contest.success_by_step(&arms, depth);
            let sick = net.name().replace('-', " ");
            Picture {
                name: format!("steps-{}", net.name()),
                title: format!("Seeds that have learnt the task, {sick} net"),
                ..picture
            }
        };
        NETS.map(picture).into()
    }
}
