//! Copying ten symbols after a pause.

use std::ops::Range;

use backdraft_datasets::SequenceTask;
use backdraft_lab::{Experiment, Trial};
use backdraft_layers::Initializer;
use backdraft_record::{About, Picture, Preset, Results};
use backdraft_recurrent::{Cell, RecurrentConfig};
use backdraft_verdicts::{Statement, Verdict};

use super::tournament::{Problem, Sequences, Tournament, TournamentArm};

/// RNN, orthogonal RNN and LSTM on the copy-memory problem.
pub(crate) struct CopyMemory;

const RNN_STUCK: Statement = Statement {
    id: "rnn-remembers-nothing",
    statement: "On the copy problem, a tanh RNN with Xavier recurrent weights does no better than \
                10 ln 8 / (T + 20), the loss of a model without memory.",
    rule: "Final test loss over that loss. Two one-sided tests: supported if the 90 % interval of \
           its mean lies within 5 % of 1, refuted if outside.",
};
const LSTM_STUCK: Statement = Statement {
    id: "lstm-remembers-nothing",
    statement: "On the copy problem, an LSTM with forget bias 1 does no better than a model \
                without memory.",
    rule: "The same rule as for the RNN.",
};
const ORTHOGONAL_SOLVES: Statement = Statement {
    id: "orthogonal-remembers",
    statement: "On the copy problem, a tanh RNN with orthogonal recurrent weights does better than \
                a model without memory.",
    rule: "A seed remembers if its test loss falls below half of a memoryless model's. Supported \
           if the exact 95 % interval of the share of seeds lies above 1/2, refuted if below.",
};
const CHRONO_SOLVES: Statement = Statement {
    id: "chrono-remembers",
    statement: "On the copy problem, an LSTM with chrono initialisation for the length does better \
                than a model without memory.",
    rule: "The same rule as for the orthogonal RNN.",
};

const PROBLEM: Problem = Problem { task: SequenceTask::CopyMemory, solved: 0.5 };
const RNN: &str = "rnn";
const ORTHOGONAL: &str = "rnn-orthogonal";
const LSTM: &str = "lstm";
const CHRONO: &str = "lstm-chrono";
const ARMS: [&str; 4] = [RNN, ORTHOGONAL, LSTM, CHRONO];

fn arms(settings: &Tournament<Sequences>) -> [TournamentArm<Sequences>; 4] {
    let of = |cell, recurrent_initializer| RecurrentConfig {
        cell,
        recurrent_initializer,
        ..Default::default()
    };
    let orthogonal = Initializer::Orthogonal(1.0);
    let (_, chrono_length) = settings.extremes();
    let lstm = of(Cell::Lstm, orthogonal);
    [
        settings.arm(PROBLEM, RNN, of(Cell::Rnn, Initializer::XavierUniform)),
        settings.arm(PROBLEM, ORTHOGONAL, of(Cell::Rnn, orthogonal)),
        settings.arm(PROBLEM, LSTM, lstm.clone()),
        settings.arm(PROBLEM, CHRONO, RecurrentConfig { chrono_length, ..lstm }),
    ]
}

impl Experiment for CopyMemory {
    type Settings = Tournament<Sequences>;

    const ABOUT: About = About {
        name: "copy-memory",
        title: "Ten symbols to be repeated after a pause",
        question: "A model without memory has the loss 10 ln 8 / (T + 20): the blanks are certain, \
            the ten symbols are guessed. Which nets get below it: a tanh RNN, one with orthogonal \
            recurrent weights, an LSTM, an LSTM whose biases are made for the pause?",
        sources: &[
            "S. Hochreiter, J. Schmidhuber, Long short-term memory, Neural Computation 9, 1997, \
             § 4",
            "M. Arjovsky, A. Shah, Y. Bengio, Unitary evolution recurrent neural networks, ICML \
             2016, § 5.1 (the task in this form, and its baseline)",
            "C. Tallec, Y. Ollivier, Can recurrent neural networks warp time?, ICLR 2018, § 2, \
             equation 16, and § 3, figure 1",
        ],
        claims: &[RNN_STUCK, LSTM_STUCK, ORTHOGONAL_SOLVES, CHRONO_SOLVES],
    };

    fn settings(preset: Preset) -> Tournament<Sequences> {
        let (seeds, lengths, steps, sequences) = match preset {
            Preset::Quick => (12, vec![10], 1_500, 30_000),
            Preset::Standard => (6, vec![20, 50], 5_000, 100_000),
            Preset::Paper => (6, vec![100, 200, 300], 40_000, 100_000),
        };
        let task = Sequences { hidden: 64, sequences, ..Sequences::of(lengths) };
        Tournament { seeds, ..Tournament::of(task, steps) }
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
        let trivial = PROBLEM.task.trivial_loss(longest);
        let remaining = |arm| contest.remaining(arm, longest, trivial);
        vec![
            remaining(RNN).equals(&RNN_STUCK, 1.0, 0.05),
            remaining(LSTM).equals(&LSTM_STUCK, 1.0, 0.05),
            contest.successes(ORTHOGONAL, longest).exceeds(&ORTHOGONAL_SOLVES, 0.5),
            contest.successes(CHRONO, longest).exceeds(&CHRONO_SOLVES, 0.5),
        ]
    }

    fn pictures(settings: &Tournament<Sequences>, results: &Results) -> Vec<Picture> {
        let contest = settings.contest(PROBLEM, results);
        let (_, longest) = settings.extremes();
        vec![contest.success_by_size(&ARMS), contest.success_by_step(&ARMS, longest)]
    }
}
