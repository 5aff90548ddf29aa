//! Activation functions of one number, for the theory of wide networks.

use statrs::function::erf::erf;

/// An activation function whose Gaussian means the theory can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScalarActivation {
    /// x.
    Identity,
    /// 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// max(0, x).
    Relu,
    /// x above 0, 0.01 x below.
    LeakyRelu,
    /// The error function, for which closed forms are known (Williams 1997).
    Erf,
}

const LEAKY_SLOPE: f64 = 0.01;

impl ScalarActivation {
    /// Every activation.
    pub const ALL: &[Self] =
        &[Self::Identity, Self::Sigmoid, Self::Tanh, Self::Relu, Self::LeakyRelu, Self::Erf];

    /// Returns φ(x).
    pub fn value(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Tanh => x.tanh(),
            Self::Relu => x.max(0.0),
            Self::LeakyRelu => x.max(LEAKY_SLOPE * x),
            Self::Erf => erf(x),
        }
    }

    /// Returns φ′(x); at a kink, the derivative from below.
    pub fn derivative(self, x: f64) -> f64 {
        match self {
            Self::Identity => 1.0,
            Self::Sigmoid => self.value(x) * (1.0 - self.value(x)),
            Self::Tanh => 1.0 - x.tanh().powi(2),
            Self::Relu => f64::from(u8::from(x > 0.0)),
            Self::LeakyRelu => {
                if x > 0.0 {
                    1.0
                } else {
                    LEAKY_SLOPE
                }
            }
            Self::Erf => 2.0 / std::f64::consts::PI.sqrt() * (-x * x).exp(),
        }
    }

    /// Returns the slope below zero of a function that is x above zero and linear below, for which
    /// Gaussian means have a closed form and quadrature would converge slowly.
    pub(super) fn slope_below_zero(self) -> Option<f64> {
        match self {
            Self::Identity => Some(1.0),
            Self::Relu => Some(0.0),
            Self::LeakyRelu => Some(LEAKY_SLOPE),
            Self::Sigmoid | Self::Tanh | Self::Erf => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_the_values() {
        for activation in ScalarActivation::ALL {
            for x in [-2.3, -0.4, 0.7, 1.9] {
                let step = 1e-5;
                let difference = activation.value(x + step) - activation.value(x - step);
                let slope = difference / (2.0 * step);
                let error = (activation.derivative(x) - slope).abs();
                assert!(error < 1e-8, "{activation:?} at {x}: {error}");
            }
        }
    }
}
