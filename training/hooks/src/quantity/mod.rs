//! The quantities that a hook can measure: one file each, and the only list of them.

mod activation_gradient_norm;
mod activation_mean;
mod activation_norm;
mod activation_standard_deviation;
mod attention;
mod dead_share;
mod gradient_histogram;
mod gradient_infinity_count;
mod gradient_max;
mod gradient_mean_absolute;
mod gradient_missing;
mod gradient_nan_count;
mod gradient_norm;
mod gradient_standard_deviation;
mod gradient_underflow_share;
mod gradient_zero_share;
mod measured;
mod optimizer;
mod precision;
mod saturated_share;
mod update_ratio;
mod weight_norm;

pub use activation_gradient_norm::ActivationGradientNorm;
pub use activation_mean::ActivationMean;
pub use activation_norm::ActivationNorm;
pub use activation_standard_deviation::ActivationStandardDeviation;
pub use attention::{ATTENTION, AttentionEntropy, AttentionMaxLogit, TokenCosine};
pub use dead_share::DeadShare;
pub use gradient_histogram::GradientHistogram;
pub use gradient_infinity_count::GradientInfinityCount;
pub use gradient_max::GradientMax;
pub use gradient_mean_absolute::GradientMeanAbsolute;
pub use gradient_missing::GradientMissing;
pub use gradient_nan_count::GradientNanCount;
pub use gradient_norm::GradientNorm;
pub use gradient_standard_deviation::GradientStandardDeviation;
pub use gradient_underflow_share::GradientUnderflowShare;
pub use gradient_zero_share::GradientZeroShare;
pub use measured::{Measured, Reads, Values};
pub use optimizer::{EffectiveStep, MomentBelowEpsilonShare, MomentRatio, OPTIMIZER, UpdateCosine};
pub use precision::{PRECISION, PrecisionLoss};
pub use saturated_share::SaturatedShare;
pub use update_ratio::UpdateRatio;
pub use weight_norm::WeightNorm;

use backdraft_rows::QuantityName;

/// A number computed from one parameter or one tapped activation at one step.
///
/// It says what it reads and turns that into values; it stores and prints nothing. Your own
/// quantity is a type that implements this trait, handed to
/// [`GradientHook::new`](crate::GradientHook::new) like those of [`QUANTITIES`].
pub trait Quantity: std::fmt::Debug + Send + Sync {
    /// The name in rows, such as [`QuantityName::GRADIENT_NORM`], which also says
    /// [what it is](QuantityName::about).
    fn name(&self) -> QuantityName;

    /// What has to be read from the network.
    fn reads(&self) -> Reads;

    /// Computes the values; [`Values::None`] where the quantity does not apply to the subject.
    fn values(&self, measured: &Measured) -> Values;
}

/// The quantities that a training can afford at every tenth step. [`OPTIMIZER`], [`ATTENTION`] and
/// [`PRECISION`] have more.
pub const QUANTITIES: &[&dyn Quantity] = &[
    &GradientNorm,
    &GradientMeanAbsolute,
    &GradientStandardDeviation,
    &GradientMax,
    &GradientZeroShare,
    &GradientUnderflowShare,
    &GradientNanCount,
    &GradientInfinityCount,
    &GradientHistogram,
    &GradientMissing,
    &WeightNorm,
    &UpdateRatio,
    &ActivationMean,
    &ActivationStandardDeviation,
    &ActivationNorm,
    &ActivationGradientNorm,
    &SaturatedShare,
    &DeadShare,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quantity_has_a_constant_that_says_what_it_is() {
        for quantity in [QUANTITIES, OPTIMIZER, ATTENTION, PRECISION].concat() {
            assert!(QuantityName::KNOWN.contains(&quantity.name()), "{}", quantity.name());
        }
    }
}
