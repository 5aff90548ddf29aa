//! What the experiment shows.

use super::judge::{is_memory, is_state};
use super::settings::SequenceLengthSettings;
use super::trials::{CHRONO, FORGET_BIASES, GRU, LEARNERS, LSTM, RNN, lstm_with};
use crate::picture::{Picture, Point};
use crate::results::{Results, by_layer, by_step};

pub(super) fn pictures(settings: &SequenceLengthSettings, results: &Results) -> Vec<Picture> {
    let length = settings.flow_length.to_string();
    let flows = |cell: &str, fits: fn(&str) -> bool| {
        let trials = results.with(&[("part", "flow"), ("cell", cell), ("length", &length)]);
        by_lag(by_layer(&trials, "activation_gradient_norm", fits))
    };
    let title = format!("Gradient reaching the state t steps before the end, of {length}");
    let mut states =
        Picture::new("state-gradients", title, "lag T − t, time steps", "‖∂L/∂h_t‖, L2")
            .logarithmic();
    for cell in [RNN, LSTM, GRU, CHRONO] {
        states = states.measured(cell, flows(cell, is_state));
    }
    let title = format!("Gradient reaching an LSTM's memory, of {length} steps");
    let mut memories =
        Picture::new("memory-gradients", title, "lag T − t, time steps", "‖∂L/∂c_t‖, L2")
            .logarithmic();
    for bias in FORGET_BIASES {
        let label = lstm_with(bias);
        let points = flows(&label, is_memory);
        let (first, kept) = (points.first().map(|p| p.y), 1.0 / (1.0 + (-bias).exp()));
        let lags: Vec<f64> = points.iter().map(|point| point.x).collect();
        memories = memories.measured(label.clone(), points);
        let level = first.unwrap_or(f64::NAN);
        memories =
            memories.predicted(&label, lags.into_iter().map(|lag| (lag, level * kept.powf(lag))));
    }
    let (_, longest) = settings.extremes();
    let title = format!("Adding problem of length {longest}: test error");
    let mut learning =
        Picture::new("learning", title, "optimiser step", "mean squared error").logarithmic();
    for cell in LEARNERS {
        let length = longest.to_string();
        let trials = results.with(&[("part", "learning"), ("cell", cell), ("length", &length)]);
        learning = learning.measured(cell, by_step(&trials, "test_loss"));
    }
    vec![states, memories, learning]
}

/// Turns time steps, counted from 1, into lags from the last.
fn by_lag(points: Vec<Point>) -> Vec<Point> {
    let last = points.last().map_or(0.0, |point| point.x);
    points.into_iter().rev().map(|point| Point { x: last - point.x, ..point }).collect()
}
