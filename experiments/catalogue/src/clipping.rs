//! What clipping does to a gradient and to training.

use std::ops::Range;

use backdraft_datasets::SequenceTask;
use backdraft_lab::measure::{Arm, Bounded, COSINE, NORM_OVER_BOUND, clipped};
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::Initializer;
use backdraft_record::{About, Factors, Picture, Preset, Results, TrialResult};
use backdraft_recurrent::{Cell, RecurrentConfig};
use backdraft_rows::QuantityName;
use backdraft_trainer::{OptimizerConfig, TrainerConfig};
use backdraft_verdicts::judgement::Sample;
use backdraft_verdicts::{Statement, Verdict};

use super::tournament::{Problem, Rates, Sequences, Task, Tournament, TournamentArm};

/// Clipping by global norm, by tensor and by value; training with and without.
pub(crate) struct ClippingExperiment;

const BOUNDS: Statement = Statement {
    id: "global-norm-bounds",
    statement: "Clipping by global norm leaves a gradient whose norm is exactly the bound.",
    rule: "Gradient of an untrained LSTM, clipped at a tenth of its norm. Absolute difference of \
           norm over bound from 1: supported if the 95 % interval of its mean lies below 1e-5, \
           refuted if above.",
};
const KEEPS_DIRECTION: Statement = Statement {
    id: "global-norm-keeps-direction",
    statement: "Clipping by global norm preserves the gradient's direction.",
    rule: "Absolute difference from 1 of the cosine between the gradients before and after \
           clipping: supported if the 95 % interval of its mean lies below 1e-6, refuted if above.",
};
const TENSOR_TURNS: Statement = Statement {
    id: "per-tensor-turns",
    statement: "Clipping each tensor separately, as Burn's optimisers do, changes the gradient's \
                direction.",
    rule: "Every tensor is clipped at a tenth of the largest one's norm. Supported if the 95 % \
           interval of the mean cosine lies below 0.99, refuted if above.",
};
const VALUE_TURNS: Statement = Statement {
    id: "by-value-turns",
    statement: "Clipping by value changes the gradient's direction.",
    rule: "Every element is clipped at a tenth of the largest one. Supported if the 95 % interval \
           of the mean cosine lies below 0.99, refuted if above.",
};
const PREVENTS: Statement = Statement {
    id: "clipping-prevents",
    statement: "At the learning rate that suits a tanh RNN with clipping, the same net without \
                clipping learns temporal order less often.",
    rule: "Plain SGD, at the longest length; a seed learns the task if its test loss falls below a \
           tenth of ln 4. Supported if the 95 % interval of the difference of shares lies above 0, \
           refuted if below.",
};
const HELPS_TUNED: Statement = Statement {
    id: "clipping-helps-tuned",
    statement: "Even at the learning rate that suits it best, a tanh RNN without clipping learns \
                temporal order less often than one with clipping.",
    rule: "The same rule; both choose from the same rates on the same seeds.",
};
const SOONER_TUNED: Statement = Statement {
    id: "clipping-sooner-tuned",
    statement: "With each at its best learning rate, a tanh RNN takes more steps to learn temporal \
                order without clipping than with it.",
    rule: "Supported if the log-rank test finds the clipped net faster at the 5 % level and the \
           other's mean time is at least 1.2 times as long; refuted if the test finds it slower, \
           or if the 95 % interval of the ratio lies below 1.2.",
};
const NOT_VANISHING: Statement = Statement {
    id: "clipping-saves-vanishing",
    statement: "Clipping helps where gradients vanish: with it, a tanh RNN learns temporal order \
                even from recurrent weights of gain 1/2.",
    rule: "Supported if the exact 95 % interval of the share of seeds lies above 1/2, refuted if below.",
};

const PROBLEM: Problem = Problem { task: SequenceTask::TemporalOrder, solved: 0.1 };
/// The arms that are trained.
const CLIPPED: &str = "clipped";
const FREE: &str = "free";
const FREE_FAST: &str = "free-at-clipped-rate";
const FAINT: &str = "clipped-vanishing";
/// How the gradient is clipped, by level of the factor `clipping`.
const KINDS: [(&str, Bounded); 3] =
    [(GLOBAL, Bounded::GlobalNorm), (TENSOR, Bounded::TensorNorm), (VALUE, Bounded::Value)];
const GLOBAL: &str = "global-norm";
const TENSOR: &str = "tensor-norm";
const VALUE: &str = "value";
/// The bound, as a share of the size of the gradient.
const SHARE: f64 = 0.1;

fn arms(settings: &Tournament<Sequences>) -> [TournamentArm<Sequences>; 4] {
    let arm = |name, gain| {
        let network = RecurrentConfig {
            cell: Cell::Rnn,
            recurrent_initializer: Initializer::Orthogonal(gain),
            ..Default::default()
        };
        let arm = settings.arm(PROBLEM, name, network);
        let trainer = TrainerConfig { optimizer: OptimizerConfig::SGD, ..arm.trainer };
        TournamentArm { trainer, ..arm }
    };
    let free = |name| {
        let arm = arm(name, 1.0);
        TournamentArm { trainer: TrainerConfig { clipping: None, ..arm.trainer }, ..arm }
    };
    let free_fast = TournamentArm { rates: Rates::SameAs(CLIPPED), ..free(FREE_FAST) };
    [arm(CLIPPED, 1.0), free(FREE), free_fast, arm(FAINT, 0.5)]
}

impl ClippingExperiment {
    fn clippings(settings: &Tournament<Sequences>) -> anyhow::Result<Vec<Trial>> {
        let (shortest, _) = settings.extremes();
        let lstm = settings.arm(PROBLEM, "lstm", RecurrentConfig::default());
        let lesson = settings.task.lessons()?(PROBLEM, shortest)?;
        let Arm { network, data, .. } = lstm.at(shortest, lesson)?;
        let trial = |seed: u64, (name, bounded): (&str, Bounded)| Trial {
            factors: Factors::new([("clipping", name.to_owned())]),
            seed,
            cost: 1,
            task: clipped(
                network.clone(),
                data.clone(),
                settings.batch_size,
                (bounded, SHARE),
                seed,
            ),
        };
        let trials = settings.seeds().flat_map(|seed| KINDS.map(|kind| trial(seed, kind)));
        Ok(trials.collect())
    }
}

impl Experiment for ClippingExperiment {
    type Settings = Tournament<Sequences>;

    const ABOUT: About = About {
        name: "clipping",
        title: "What clipping does to a gradient and to training",
        question: "Clipping bounds the step that an exploding gradient would take. Which kinds \
            preserve its direction? Does a recurrent net learn with clipping what it does not \
            learn without, even if each gets the learning rate that suits it, and does clipping \
            help against vanishing gradients?",
        sources: &[
            "R. Pascanu, T. Mikolov, Y. Bengio, On the difficulty of training recurrent neural \
             networks, ICML 2013, § 3.2, algorithm 1, and § 4.1.1",
        ],
        claims: &[
            BOUNDS,
            KEEPS_DIRECTION,
            TENSOR_TURNS,
            VALUE_TURNS,
            PREVENTS,
            HELPS_TUNED,
            SOONER_TUNED,
            NOT_VANISHING,
        ],
    };

    fn settings(preset: Preset) -> Tournament<Sequences> {
        let (lengths, steps) = match preset {
            Preset::Quick => (vec![30], 1_500),
            Preset::Standard => (vec![20, 50], 10_000),
            Preset::Paper => (vec![50, 100, 150, 200], 100_000),
        };
        let task = Sequences { hidden: 50, ..Sequences::of(lengths) };
        let rates = vec![0.01, 0.03, 0.1, 0.3, 1.0];
        Tournament { rates, ..Tournament::of(task, steps) }
    }

    fn seeds(settings: &Tournament<Sequences>) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &Tournament<Sequences>) -> anyhow::Result<Vec<Trial>> {
        let mut trials = settings.trials(&arms(settings))?;
        trials.extend(Self::clippings(settings)?);
        Ok(trials)
    }

    fn judge(settings: &Tournament<Sequences>, results: &Results) -> Vec<Verdict> {
        let values = |clipping: &str, quantity: &QuantityName| -> Vec<f64> {
            let trials = results.with(&[("clipping", clipping)]);
            trials.iter().filter_map(|trial: &&TrialResult| trial.last(quantity)).collect()
        };
        let distances = |quantity: &QuantityName| {
            values(GLOBAL, quantity).into_iter().map(|value| (value - 1.0).abs()).collect()
        };
        let cosine = |clipping: &str| Sample::new("cosine", values(clipping, &COSINE));
        let contest = settings.contest(PROBLEM, results);
        let (_, longest) = settings.extremes();
        let steps = |arm| contest.steps(arm, longest);
        let learns = |arm| contest.successes(arm, longest);
        vec![
            Sample::new("|norm / bound − 1|", distances(&NORM_OVER_BOUND))
                .stays_below(&BOUNDS, 1e-5),
            Sample::new("|cosine − 1|", distances(&COSINE)).stays_below(&KEEPS_DIRECTION, 1e-6),
            cosine(TENSOR).stays_below(&TENSOR_TURNS, 0.99),
            cosine(VALUE).stays_below(&VALUE_TURNS, 0.99),
            learns(CLIPPED).exceed(&learns(FREE_FAST), &PREVENTS, 0.0),
            learns(CLIPPED).exceed(&learns(FREE), &HELPS_TUNED, 0.0),
            steps(CLIPPED).sooner_than(&steps(FREE), &SOONER_TUNED, 1.2),
            learns(FAINT).exceeds(&NOT_VANISHING, 0.5),
        ]
    }

    fn pictures(settings: &Tournament<Sequences>, results: &Results) -> Vec<Picture> {
        let contest = settings.contest(PROBLEM, results);
        let arms = [CLIPPED, FREE, FREE_FAST, FAINT];
        let (_, longest) = settings.extremes();
        vec![contest.success_by_size(&arms), contest.success_by_step(&arms, longest)]
    }
}
