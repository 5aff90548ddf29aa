//! Shared by the experiments that follow a gradient back through time.

use backdraft_record::{Point, Profile, TrialResult, by_layer};
use backdraft_rows::{QuantityName, Subject};
use backdraft_verdicts::statistics::Line;

/// Norms below this are left out of fits: their elements are close to the smallest `f32`.
const FAINT: f64 = 1e-30;

/// How a norm changes from one time step to the next in one net.
pub(crate) struct Decay {
    /// ln of the factor per step, on the way back in time.
    pub(crate) log_factor: f64,
    /// Share of the logarithm's variance that a constant factor explains.
    pub(crate) r_squared: f64,
}

/// Selects ‖∂L/∂h_t‖ of the first layer.
pub(crate) fn is_state(subject: &Subject) -> bool {
    subject.path() == "layers.0" && subject.time_step().is_some()
}

/// Selects ‖∂L/∂c_t‖ of the first layer.
pub(crate) fn is_memory(subject: &Subject) -> bool {
    subject.path() == "layers.0.cell" && subject.time_step().is_some()
}

/// Fits ln of the gradient's norm in an untrained net against the lag.
pub(crate) fn decay(trial: &TrialResult, fits: fn(&Subject) -> bool) -> Option<Decay> {
    let norms = trial.initial(&QuantityName::ACTIVATION_GRADIENT_NORM, fits);
    let points: Vec<(f64, f64)> = norms
        .iter()
        .rev()
        .enumerate()
        .take_while(|(_, norm)| **norm > FAINT)
        .map(|(lag, norm)| (lag as f64, norm.ln()))
        .collect();
    let line = Line::fit(&points)?;
    Some(Decay { log_factor: line.slope, r_squared: line.r_squared })
}

/// Returns ln of the factor per step of every trial that can be fitted.
pub(crate) fn log_factors(trials: &[&TrialResult], fits: fn(&Subject) -> bool) -> Vec<f64> {
    trials.iter().filter_map(|trial| Some(decay(trial, fits)?.log_factor)).collect()
}

/// Returns the geometric mean of the gradient's norm in untrained nets by lag from the last step.
pub(crate) fn by_lag(trials: &[&TrialResult], fits: fn(&Subject) -> bool) -> Profile {
    let Profile { of, points } = by_layer(trials, &QuantityName::ACTIVATION_GRADIENT_NORM, fits);
    let last = points.last().map_or(0.0, |point| point.x);
    let by_lag = points.into_iter().rev().map(|point| Point { x: last - point.x, ..point });
    Profile { of, points: by_lag.collect() }
}
