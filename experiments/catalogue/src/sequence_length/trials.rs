//! The trials: cells at initialisation, and cells × lengths in training.

use backdraft_datasets::SequenceTask;
use backdraft_lab::Trial;
use backdraft_lab::measure::flow;
use backdraft_layers::Initializer;
use backdraft_record::Factors;
use backdraft_recurrent::{Cell, RecurrentConfig};
use backdraft_zoo::NetworkConfig;

use super::settings::SequenceLengthSettings;
use crate::tournament::{Problem, Sequences, Tournament, TournamentArm};

pub(super) const PROBLEM: Problem = Problem { task: SequenceTask::Adding, solved: 0.1 };
/// Forget biases whose decay is compared with σ(b).
pub(super) const FORGET_BIASES: [f64; 4] = [0.0, 1.0, 3.0, 5.0];
/// The cells that are trained.
pub(super) const LEARNERS: [&str; 3] = [RNN, LSTM, GRU];
pub(super) const RNN: &str = "rnn";
pub(super) const LSTM: &str = "lstm";
pub(super) const GRU: &str = "gru";
pub(super) const CHRONO: &str = "lstm-chrono";
/// Sequences on which the gradient flow is measured.
const FLOW_BATCH: usize = 16;

/// The level of the factor `cell` for an LSTM with this forget bias.
pub(super) fn lstm_with(bias: f64) -> String {
    if bias == 1.0 { LSTM.to_owned() } else { format!("{LSTM}-bias-{bias}") }
}

/// The level of the factor `cell` for an LSTM with this forget bias and no recurrent weights.
pub(super) fn gate_alone(bias: f64) -> String {
    format!("gate-alone-bias-{bias}")
}

pub(super) fn trials(settings: &SequenceLengthSettings) -> anyhow::Result<Vec<Trial>> {
    let mut trials = settings.learning.trials(&arms(&settings.learning))?;
    let (usual, _) = settings.longest_flows();
    for seed in settings.learning.seeds() {
        for &length in &settings.flow_lengths {
            for (cell, network) in cells(settings.flow_width, length) {
                // The memory of the gates is measured at one length only.
                if length != usual && !LEARNERS.contains(&cell.as_str()) {
                    continue;
                }
                let task = flow(NetworkConfig::Recurrent(network), FLOW_BATCH, seed);
                let factors = Factors::new([
                    ("part", "flow".to_owned()),
                    ("cell", cell),
                    ("length", length.to_string()),
                ]);
                trials.push(Trial { factors, seed, cost: 1, task });
            }
        }
    }
    Ok(trials)
}

fn arms(learning: &Tournament<Sequences>) -> [TournamentArm<Sequences>; 3] {
    let arm =
        |(name, cell)| learning.arm(PROBLEM, name, RecurrentConfig { cell, ..Default::default() });
    [(RNN, Cell::Rnn), (LSTM, Cell::Lstm), (GRU, Cell::Gru)].map(arm)
}

fn cells(hidden: usize, length: usize) -> Vec<(String, RecurrentConfig)> {
    let of = |cell| RecurrentConfig { cell, hidden, length, ..Default::default() };
    let with_bias = |forget_bias| {
        let lstm = RecurrentConfig { forget_bias, ..of(Cell::Lstm) };
        (lstm_with(forget_bias), lstm)
    };
    let alone = |forget_bias| {
        let recurrent_initializer = Initializer::Zeros;
        let lstm = RecurrentConfig { forget_bias, recurrent_initializer, ..of(Cell::Lstm) };
        (gate_alone(forget_bias), lstm)
    };
    let chrono = RecurrentConfig { chrono_length: length, ..of(Cell::Lstm) };
    [(RNN.to_owned(), of(Cell::Rnn)), (GRU.to_owned(), of(Cell::Gru)), (CHRONO.to_owned(), chrono)]
        .into_iter()
        .chain(FORGET_BIASES.map(with_bias))
        .chain(FORGET_BIASES.map(alone))
        .collect()
}
