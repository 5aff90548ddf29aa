//! The non-linearity that produced a tapped activation.

use burn::tensor::{Bool, Tensor};

/// A unit counts as saturated where its derivative is below this share of the largest one.
///
/// There is no agreed threshold. At one hundredth, a unit passes back 1 % of the gradient that it
/// could. Sigmoid reaches it at |z| ≈ 5.98, tanh at |z| ≈ 2.99.
pub const SATURATED_SLOPE: f64 = 0.01;

/// The non-linearity whose output is tapped, as far as saturation and death are concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nonlinearity {
    /// Output in (0, 1) with derivative a (1 − a).
    Sigmoid,
    /// Output in (−1, 1) with derivative 1 − a².
    Tanh,
    /// Output exactly zero, with derivative zero, for negative input.
    Rectifier,
    /// Anything else: neither saturation nor death is defined.
    #[default]
    Other,
}

/// The derivative as a function of the output, and the value below which a unit counts as saturated.
pub(crate) type Slope = (fn(f64) -> f64, f64);

impl Nonlinearity {
    /// Returns the criterion of saturation; `None` where it is not defined.
    pub(crate) fn slope(self) -> Option<Slope> {
        match self {
            Self::Sigmoid => Some((|a| a * (1.0 - a), SATURATED_SLOPE * 0.25)),
            Self::Tanh => Some((|a| 1.0 - a * a, SATURATED_SLOPE)),
            Self::Rectifier | Self::Other => None,
        }
    }

    /// Marks the elements that are saturated; `None` where saturation is not defined.
    pub(crate) fn saturated(self, activation: Tensor<3>) -> Option<Tensor<3, Bool>> {
        let (_, bound) = self.slope()?;
        let slope: Tensor<3> = match self {
            Self::Sigmoid => activation.clone() * (1.0 - activation),
            _ => 1.0 - activation.square(),
        };
        Some(slope.lower_elem(bound))
    }

    /// Marks the units, shape `[1, units, 1]`, that are zero for every example and position.
    pub(crate) fn dead(self, activation: Tensor<3>) -> Option<Tensor<3, Bool>> {
        let largest = || activation.abs().max_dim(0).max_dim(2); // [1, units, 1]
        (self == Self::Rectifier).then(|| largest().equal_elem(0.0))
    }
}
