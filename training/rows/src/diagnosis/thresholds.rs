//! When something counts as trouble.

/// Thresholds of the rules; change fields to taste.
///
/// | field | default | from |
/// |---|---|---|
/// | `depth_ratio` | 1e-3 | measured: see the table in the crate's README |
/// | `dead_share` | 0.5 | SageMaker Debugger, rule DeadRelu: more than half of a layer |
/// | `saturated_share` | 0.5 | by analogy |
/// | `update_ratio` | 1e-6 to 1e-1 | Karpathy's rule of thumb is 1e-3; three decades around it |
/// | `underflow_share` | 0.5 | half of a gradient below the normal numbers |
/// | `clipped_share` | 0.95 | of the observed steps |
#[derive(Clone, Debug, PartialEq)]
pub struct Thresholds {
    /// Gradient of the first over that of the last layer below which it vanishes; its inverse is
    /// where it explodes.
    pub depth_ratio: f64,
    /// If set, mean |g| below which a parameter's gradient counts as vanished by itself.
    pub smallest_mean_gradient: Option<f64>,
    /// Share of dead units in a layer.
    pub dead_share: f64,
    /// Share of saturated outputs in a layer.
    pub saturated_share: f64,
    /// ‖ΔW‖ / ‖W‖ below which a parameter does not learn.
    pub smallest_update_ratio: f64,
    /// ‖ΔW‖ / ‖W‖ above which it is thrown about.
    pub largest_update_ratio: f64,
    /// Share of subnormal or zero elements in a gradient that is not all zero by construction.
    pub underflow_share: f64,
    /// Share of observed steps at which clipping acted.
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
    /// The thresholds of the SageMaker Debugger's built-in rules, where it has them: mean |g| below
    /// 1e-7, dead units in more than half of a layer, update ratio outside 1e-8 to 10.
    pub fn sagemaker() -> Self {
        Self {
            smallest_mean_gradient: Some(1e-7),
            smallest_update_ratio: 1e-8,
            largest_update_ratio: 10.0,
            ..Self::default()
        }
    }
}
