//! The figures of the experiment.

use backdraft_record::{Picture, Results};
use backdraft_rows::Subject;

use super::judge::rnn_theory;
use super::settings::SequenceLengthSettings;
use super::trials::{CHRONO, FORGET_BIASES, GRU, LEARNERS, LSTM, PROBLEM, RNN, lstm_with};
use crate::time_flow::{by_lag, is_memory, is_state};

pub(super) fn pictures(settings: &SequenceLengthSettings, results: &Results) -> Vec<Picture> {
    let (length, longest) = settings.longest_flows();
    let length = length.to_string();
    let flows = |cell: &str, fits: fn(&Subject) -> bool| {
        let trials = results.with(&[("part", "flow"), ("cell", cell), ("length", &length)]);
        by_lag(&trials, fits)
    };
    let title = format!("Gradient reaching the hidden state at each of {length} time steps");
    let mut states = Picture::new(
        "state-gradients",
        title,
        "lag T − t, time steps",
        "‖∂L/∂hₜ‖, L2 over the batch",
    )
    .logarithmic();
    for cell in [RNN, LSTM, GRU, CHRONO] {
        states = states.profile(cell, flows(cell, is_state));
    }
    let factor = rnn_theory(settings);
    let points = flows(RNN, is_state);
    let start = points.first().map_or(f64::NAN, |point| point.y);
    states = states.predicted(RNN, points.iter().map(|p| (p.x, start * factor.powf(p.x))));
    let title = format!("Gradient reaching the hidden state at each of {longest} time steps");
    let lag = "lag T − t, time steps";
    let mut far = Picture::new("far-state-gradients", title, lag, "‖∂L/∂hₜ‖, L2 over the batch")
        .logarithmic();
    for cell in LEARNERS {
        let longest = longest.to_string();
        let trials = results.with(&[("part", "flow"), ("cell", cell), ("length", &longest)]);
        far = far.profile(cell, by_lag(&trials, is_state));
    }
    let title = format!("Gradient reaching an LSTM's cell state at each of {length} time steps");
    let mut memories = Picture::new(
        "memory-gradients",
        title,
        "lag T − t, time steps",
        "‖∂L/∂cₜ‖, L2 over the batch",
    )
    .logarithmic();
    for bias in FORGET_BIASES {
        let label = lstm_with(bias);
        let points = flows(&label, is_memory);
        let (first, kept) = (points.first().map(|p| p.y), 1.0 / (1.0 + (-bias).exp()));
        let lags: Vec<f64> = points.iter().map(|point| point.x).collect();
        memories = memories.profile(label.clone(), points);
        let level = first.unwrap_or(f64::NAN);
        memories =
            memories.predicted(&label, lags.into_iter().map(|lag| (lag, level * kept.powf(lag))));
    }
    let learning = &settings.learning;
    let contest = learning.contest(PROBLEM, results);
    let (_, longest) = learning.extremes();
    let [success, steps] =
        [contest.success_by_size(&LEARNERS), contest.success_by_step(&LEARNERS, longest)];
    vec![states, far, memories, success, steps]
}
