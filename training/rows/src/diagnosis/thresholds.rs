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
