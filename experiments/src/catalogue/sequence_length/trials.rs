//! What is run: cells at initialisation, and cells × lengths in training.

use std::sync::Arc;

use anyhow::Context;
use backdraft_datasets::SequenceTask;
use backdraft_hooks::{GradientHook, GradientNorm, Schedule};
use backdraft_layers::Initializer;
use backdraft_recurrent::{Cell, RecurrentConfig};
use backdraft_trainer::{Clipping, OptimizerConfig, TrainerConfig};
use backdraft_zoo::NetworkConfig;

use super::settings::SequenceLengthSettings;
use crate::measure::{Supervised, flow, training};
use crate::trial::{Factors, Trial};

/// Forget biases whose decay is compared with σ(b).
pub(super) const FORGET_BIASES: [f64; 4] = [0.0, 1.0, 3.0, 5.0];
/// The cells that learn.
pub(super) const LEARNERS: [&str; 3] = [RNN, LSTM, GRU];
pub(super) const RNN: &str = "rnn";
pub(super) const LSTM: &str = "lstm";
pub(super) const GRU: &str = "gru";
pub(super) const CHRONO: &str = "lstm-chrono";
/// Sequences of a test split.
const TESTED: usize = 1_000;
/// Sequences that the gradient's flow is measured with.
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
    let mut trials = Vec::new();
    for seed in settings.first_seed..settings.first_seed + settings.seeds {
        for (cell, network) in cells(settings) {
            let factors = factors("flow", &cell, settings.flow_length);
            let task = flow(NetworkConfig::Recurrent(network), FLOW_BATCH, seed);
            trials.push(Trial { factors, seed, cost: 1, task });
        }
        for &length in &settings.lengths {
            let counts = [settings.sequences, TESTED];
            let data = Supervised::of_sequences(SequenceTask::Adding, length, counts, seed);
            let data = Arc::new(data.context("the sequences cannot be generated")?);
            for (cell, network) in cells(settings) {
                if !LEARNERS.contains(&cell.as_str()) {
                    continue;
                }
                let network = NetworkConfig::Recurrent(RecurrentConfig { length, ..network });
                let task = training(network, trainer(settings, seed), Arc::clone(&data), hook);
                let factors = factors("learning", &cell, length);
                let cost = length as u64 * settings.steps;
                trials.push(Trial { factors, seed, cost, task });
            }
        }
    }
    Ok(trials)
}

fn factors(part: &str, cell: &str, length: usize) -> Factors {
    Factors::new([
        ("part", part.to_owned()),
        ("cell", cell.to_owned()),
        ("length", length.to_string()),
    ])
}

fn cells(settings: &SequenceLengthSettings) -> Vec<(String, RecurrentConfig)> {
    let of = |cell| RecurrentConfig {
        cell,
        hidden: settings.hidden,
        length: settings.flow_length,
        ..Default::default()
    };
    let with_bias = |forget_bias| {
        let lstm = RecurrentConfig { forget_bias, ..of(Cell::Lstm) };
        (lstm_with(forget_bias), lstm)
    };
    let alone = |forget_bias| {
        let recurrent_initializer = Initializer::Zeros;
        let lstm = RecurrentConfig { forget_bias, recurrent_initializer, ..of(Cell::Lstm) };
        (gate_alone(forget_bias), lstm)
    };
    let chrono = RecurrentConfig { chrono_length: settings.flow_length, ..of(Cell::Lstm) };
    [(RNN.to_owned(), of(Cell::Rnn)), (GRU.to_owned(), of(Cell::Gru)), (CHRONO.to_owned(), chrono)]
        .into_iter()
        .chain(FORGET_BIASES.map(with_bias))
        .chain(FORGET_BIASES.map(alone))
        .collect()
}

fn trainer(settings: &SequenceLengthSettings, seed: u64) -> TrainerConfig {
    TrainerConfig {
        seed,
        steps: settings.steps,
        batch_size: settings.batch_size,
        optimizer: OptimizerConfig::ADAM,
        learning_rate: settings.rate,
        clipping: Some(Clipping::GlobalNorm(settings.clip_norm)),
        evaluate_every: settings.evaluate_every,
        ..Default::default()
    }
}

fn hook() -> GradientHook {
    GradientHook::new(&[&GradientNorm], Schedule::LogSpaced { per_decade: 3 })
}
