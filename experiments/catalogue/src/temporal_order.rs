//! Telling the order of two symbols far apart.

use std::ops::Range;

use backdraft_datasets::SequenceTask;
use backdraft_lab::{Experiment, Trial};
use backdraft_record::{About, Picture, Preset, Results};
use backdraft_recurrent::{Cell, RecurrentConfig};
use backdraft_verdicts::{Statement, Verdict};

use super::tournament::{Problem, Sequences, Tournament, TournamentArm};

/// RNN, LSTM and GRU on the temporal-order problem.
pub(crate) struct TemporalOrder;

const LSTM_SOLVES: Statement = Statement {
    id: "lstm-solves",
    statement: "An LSTM learns the temporal order of two symbols at the longest length.",
    rule: "A seed solves the task if its test loss falls below a tenth of ln 4, the loss of \
           chance. Supported if the exact 95 % interval of the share of seeds lies above 1/2, \
           refuted if below.",
};
const GRU_SOLVES: Statement = Statement {
    id: "gru-solves",
    statement: "A GRU learns the temporal order of two symbols at the longest length.",
    rule: "The same rule as for the LSTM.",
};
const RNN_FAILS: Statement = Statement {
    id: "rnn-fails",
    statement: "A tanh RNN with orthogonal weights and an equally well tuned learning rate does \
                not learn the temporal order of two symbols at the longest length.",
    rule: "As for the LSTM, but supported if the interval lies below 1/2, refuted if above.",
};
const RNN_SOLVES_SHORT: Statement = Statement {
    id: "rnn-solves-short",
    statement: "A tanh RNN learns the temporal order of two symbols at the shortest length: it is \
                the length that defeats it.",
    rule: "The same rule as for the LSTM, at the shortest length.",
};

const PROBLEM: Problem = Problem { task: SequenceTask::TemporalOrder, solved: 0.1 };
const RNN: &str = "rnn";
const LSTM: &str = "lstm";
const GRU: &str = "gru";

fn arms(settings: &Tournament<Sequences>) -> [TournamentArm<Sequences>; 3] {
    let arm =
        |(name, cell)| settings.arm(PROBLEM, name, RecurrentConfig { cell, ..Default::default() });
    [(RNN, Cell::Rnn), (LSTM, Cell::Lstm), (GRU, Cell::Gru)].map(arm)
}

impl Experiment for TemporalOrder {
    type Settings = Tournament<Sequences>;

    const ABOUT: About = About {
        name: "temporal-order",
        title: "Which of two symbols came first, long ago",
        question: "Two symbols among distractors, one early and one in the middle of the sequence: \
            which were they, and in which order? Nothing needs to be counted or copied, only kept. \
            Which cell learns this at which length?",
        sources: &[
            "S. Hochreiter, J. Schmidhuber, Long short-term memory, Neural Computation 9, 1997, § 5.6",
            "R. Pascanu, T. Mikolov, Y. Bengio, On the difficulty of training recurrent neural \
             networks, ICML 2013, § 4.1.1 and the supplement, § 3.1.1 (the task in this form)",
        ],
        claims: &[LSTM_SOLVES, GRU_SOLVES, RNN_FAILS, RNN_SOLVES_SHORT],
    };

    fn settings(preset: Preset) -> Tournament<Sequences> {
        let (seeds, lengths, steps) = match preset {
            Preset::Quick => (16, vec![10, 60], 800),
            Preset::Standard => (8, vec![10, 50, 100], 4_000),
            Preset::Paper => (8, vec![10, 50, 100, 150, 200], 20_000),
        };
        Tournament { seeds, ..Tournament::of(Sequences::of(lengths), steps) }
    }

    fn seeds(settings: &Tournament<Sequences>) -> Range<u64> {
        settings.seeds()
    }

    fn trials(settings: &Tournament<Sequences>) -> anyhow::Result<Vec<Trial>> {
        settings.trials(&arms(settings))
    }

    fn judge(settings: &Tournament<Sequences>, results: &Results) -> Vec<Verdict> {
        let contest = settings.contest(PROBLEM, results);
        let (shortest, longest) = settings.extremes();
        vec![
            contest.successes(LSTM, longest).exceeds(&LSTM_SOLVES, 0.5),
            contest.successes(GRU, longest).exceeds(&GRU_SOLVES, 0.5),
            contest.successes(RNN, longest).stays_below(&RNN_FAILS, 0.5),
            contest.successes(RNN, shortest).exceeds(&RNN_SOLVES_SHORT, 0.5),
        ]
    }

    fn pictures(settings: &Tournament<Sequences>, results: &Results) -> Vec<Picture> {
        let contest = settings.contest(PROBLEM, results);
        let (_, longest) = settings.extremes();
        let arms = [RNN, LSTM, GRU];
        vec![contest.success_by_size(&arms), contest.success_by_step(&arms, longest)]
    }
}
