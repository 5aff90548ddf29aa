//! Recurrent nets without gates that start as the identity.

use std::ops::Range;

use backdraft_datasets::SequenceTask;
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::Initializer;
use backdraft_record::{About, Picture, Preset, Results};
use backdraft_recurrent::{Cell, RecurrentConfig};
use backdraft_verdicts::{Statement, Verdict};

use super::tournament::{Problem, Sequences, Tournament, TournamentArm};

/// The IRNN and an orthogonal RNN against an LSTM on the adding problem.
pub(crate) struct IdentityRnn;

const IDENTITY_SOLVES: Statement = Statement {
    id: "identity-solves",
    statement: "A ReLU RNN whose recurrent weights start as the identity learns the adding problem \
                at the longest length.",
    rule: "A seed solves the problem if its test error falls below a tenth of 1/6, the error of \
           predicting the mean. Supported if the exact 95 % interval of the share of seeds lies \
           above 1/2, refuted if below.",
};
const XAVIER_INPUTS_SOLVE: Statement = Statement {
    id: "identity-xavier-solves",
    statement: "With Xavier initialisation for its other weights (Le et al. draw them with \
                standard deviation 0.001), a ReLU RNN that starts as the identity learns the \
                adding problem.",
    rule: "The same rule.",
};
const XAVIER_FAILS: Statement = Statement {
    id: "xavier-fails",
    statement: "The identity is what matters: a ReLU RNN with Xavier recurrent weights does not \
                learn the adding problem.",
    rule: "The same shares, but supported if the interval lies below 1/2, refuted if above.",
};
const ORTHOGONAL_SOLVES: Statement = Statement {
    id: "orthogonal-solves",
    statement: "A tanh RNN with orthogonal recurrent weights, which preserve every norm as the \
                identity does, learns the adding problem.",
    rule: "The same rule as for the identity.",
};
const SOONER_THAN_LSTM: Statement = Statement {
    id: "identity-sooner-than-lstm",
    statement: "With Xavier initialisation for its other weights, the identity RNN learns the \
                adding problem in fewer steps than an LSTM of the same width.",
    rule: "Supported if the log-rank test finds the identity RNN faster at the 5 % level and the \
           LSTM's mean time is at least 1.2 times as long; refuted if the test finds it slower, or \
           if the 95 % interval of the ratio lies below 1.2.",
};

const PROBLEM: Problem = Problem { task: SequenceTask::Adding, solved: 0.1 };
const IDENTITY: &str = "irnn";
const IDENTITY_XAVIER: &str = "irnn-xavier-inputs";
const XAVIER: &str = "relu-rnn-xavier";
const ORTHOGONAL: &str = "rnn-orthogonal";
const LSTM: &str = "lstm";
const ARMS: [&str; 5] = [IDENTITY, IDENTITY_XAVIER, XAVIER, ORTHOGONAL, LSTM];

fn arms(settings: &Tournament<Sequences>) -> [TournamentArm<Sequences>; 5] {
    // Le et al. 2015, § 4.1: the other weights are Gaussian with standard deviation 0.001.
    let identity = RecurrentConfig {
        cell: Cell::ReluRnn,
        initializer: Initializer::Normal(0.001),
        recurrent_initializer: Initializer::Identity(1.0),
        ..Default::default()
    };
    let xavier = RecurrentConfig {
        cell: Cell::ReluRnn,
        recurrent_initializer: Initializer::XavierUniform,
        ..Default::default()
    };
    let xavier_inputs =
        RecurrentConfig { recurrent_initializer: Initializer::Identity(1.0), ..xavier.clone() };
    let of = |cell| RecurrentConfig { cell, ..Default::default() };
    [
        settings.arm(PROBLEM, IDENTITY, identity),
        settings.arm(PROBLEM, IDENTITY_XAVIER, xavier_inputs),
        settings.arm(PROBLEM, XAVIER, xavier),
        settings.arm(PROBLEM, ORTHOGONAL, of(Cell::Rnn)),
        settings.arm(PROBLEM, LSTM, of(Cell::Lstm)),
    ]
}

impl Experiment for IdentityRnn {
    type Settings = Tournament<Sequences>;

    const ABOUT: About = About {
        name: "identity-rnn",
        title: "Recurrent nets without gates that start as the identity",
        question: "If the product of Jacobians is what makes long memories hard to learn, a net \
            whose Jacobian starts as the identity should need no gates. Does a ReLU RNN that \
            starts this way learn the adding problem, does a tanh RNN with orthogonal weights, and \
            how do they compare with an LSTM?",
        sources: &[
            "Q. V. Le, N. Jaitly, G. E. Hinton, A simple way to initialize recurrent networks of \
             rectified linear units, arXiv:1504.00941, 2015, § 2, § 4 and § 4.1",
            "S. Hochreiter, J. Schmidhuber, Long short-term memory, Neural Computation 9, 1997, § 5.4",
        ],
        claims: &[
            IDENTITY_SOLVES,
            XAVIER_INPUTS_SOLVE,
            XAVIER_FAILS,
            ORTHOGONAL_SOLVES,
            SOONER_THAN_LSTM,
        ],
    };

    fn settings(preset: Preset) -> Tournament<Sequences> {
        let (lengths, steps) = match preset {
            Preset::Quick => (vec![40], 1_500),
            Preset::Standard => (vec![50, 100, 150], 6_000),
            Preset::Paper => (vec![150, 200, 300, 400], 30_000),
        };
        let task = Sequences { hidden: 50, ..Sequences::of(lengths) };
        Tournament { seeds: 6, rates: vec![1e-3, 3e-3], ..Tournament::of(task, steps) }
    }

    fn seeds(settings: &Tournament<Sequences>) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &Tournament<Sequences>) -> anyhow::Result<Vec<Trial>> {
        settings.trials(&arms(settings))
    }

    fn judge(settings: &Tournament<Sequences>, results: &Results) -> Vec<Verdict> {
        let contest = settings.contest(PROBLEM, results);
        let (_, longest) = settings.extremes();
        let steps = |arm| contest.steps(arm, longest);
        vec![
            contest.successes(IDENTITY, longest).exceeds(&IDENTITY_SOLVES, 0.5),
            contest.successes(IDENTITY_XAVIER, longest).exceeds(&XAVIER_INPUTS_SOLVE, 0.5),
            contest.successes(XAVIER, longest).stays_below(&XAVIER_FAILS, 0.5),
            contest.successes(ORTHOGONAL, longest).exceeds(&ORTHOGONAL_SOLVES, 0.5),
            steps(IDENTITY_XAVIER).sooner_than(&steps(LSTM), &SOONER_THAN_LSTM, 1.2),
        ]
    }

    fn pictures(settings: &Tournament<Sequences>, results: &Results) -> Vec<Picture> {
        let contest = settings.contest(PROBLEM, results);
        let (_, longest) = settings.extremes();
        vec![contest.success_by_size(&ARMS), contest.success_by_step(&ARMS, longest)]
    }
}
