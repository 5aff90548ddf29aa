//! The bounds beyond which the rules report trouble.

/// Thresholds of the rules. Change individual fields as needed.
///
/// | field | default | source |
/// |---|---|---|
/// | `depth_ratio` | 1e-3 | measured: see the table in the README of `backdraft-hooks` |
/// | `dead_share` | 0.5 | SageMaker Debugger, rule DeadRelu: more than half of a layer |
/// | `saturated_share` | 0.5 | by analogy |
/// | `update_ratio` | 1e-6 to 1e-1 | a range around Karpathy's rule of thumb, 1e-3 |
/// | `underflow_share` | 0.5 | half of a gradient is subnormal |
/// | `clipped_share` | 0.95 | of the observed steps |
/// | `time_ratio` | 1e-3 | as `depth_ratio` |
/// | `first_update_ratio` | 1 | a step as large as the weights |
/// | `weight_growth`, `loss_growth` | 10 | set before any training was looked at |
/// | `spike_deviations` | 6 | generated trainings (`backdraft-faults`), seeds below 200 |
/// | `gradient_drift`, `loss_drift` | 10, 2 | set before any training was looked at |
/// | `faint_signal` | 1e-3 | set before any training was looked at |
/// | `bottomless_growth` | 2 | first half of the benchmark (`docs/diagnosis.md`) |
#[derive(Clone, Debug, PartialEq)]
pub struct Thresholds {
    /// Ratio of the gradient's norm, first layer over last, below which it vanishes. Above the
    /// inverse, it explodes.
    pub depth_ratio: f64,
    /// If set, mean |g| below which the gradient of a single parameter counts as vanished.
    pub smallest_mean_gradient: Option<f64>,
    /// Share of dead units in a layer.
    pub dead_share: f64,
    /// Share of saturated outputs in a layer.
    pub saturated_share: f64,
    /// ‖ΔW‖ / ‖W‖ below which a parameter does not learn.
    pub smallest_update_ratio: f64,
    /// ‖ΔW‖ / ‖W‖ above which its training is unstable.
    pub largest_update_ratio: f64,
    /// Share of subnormal elements in a gradient.
    pub underflow_share: f64,
    /// Share of the observed steps at which clipping acts.
    pub clipped_share: f64,
    /// Ratio of the gradient's norm, first time step over last, below which it vanishes. Above the
    /// inverse, it explodes.
    pub time_ratio: f64,
    /// ‖ΔW‖ / ‖W‖ of all weights together above which the first steps are too large.
    pub first_update_ratio: f64,
    /// ‖W‖ of all weights over its first value above which the learning rate is too high.
    pub weight_growth: f64,
    /// Loss over its first value above which the learning rate is too high.
    pub loss_growth: f64,
    /// Deviations from the running median, in logarithms, above which a gradient or a loss leaps.
    pub spike_deviations: f64,
    /// Rise of the gradient's norm from the first quarter of a run to the last above which it drifts.
    pub gradient_drift: f64,
    /// Rise of the loss from the first quarter of a run to the last above which it drifts.
    pub loss_drift: f64,
    /// A loss below zero over its first value above which it falls without end.
    pub bottomless_growth: f64,
    /// Standard deviation of every tapped activation below which the inputs are too small.
    pub faint_signal: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            depth_ratio: 1e-3,
            smallest_mean_gradient: None,
            dead_share: 0.5,
            saturated_share: 0.5,
            smallest_update_ratio: 1e-6,
            largest_update_ratio: 1e-1,
            underflow_share: 0.5,
            clipped_share: 0.95,
            time_ratio: 1e-3,
            first_update_ratio: 1.0,
            weight_growth: 10.0,
            loss_growth: 10.0,
            spike_deviations: 6.0,
            gradient_drift: 10.0,
            loss_drift: 2.0,
            faint_signal: 1e-3,
            bottomless_growth: 2.0,
        }
    }
}

impl Thresholds {
    /// Returns the thresholds of the SageMaker Debugger's built-in rules: mean |g| below 1e-7, more
    /// than half of a layer's units dead, update ratio outside 1e-8 to 10. Other thresholds keep
    /// their defaults.
    pub fn sagemaker() -> Self {
        Self {
            smallest_mean_gradient: Some(1e-7),
            smallest_update_ratio: 1e-8,
            largest_update_ratio: 10.0,
            ..Self::default()
        }
    }
}
