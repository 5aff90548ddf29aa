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
    /// x above 0, eˣ − 1 below.
    Elu,
    /// ELU with the constants of Klambauer et al. 2017.
    Selu,
    /// x Φ(x).
    Gelu,
    /// x / (1 + e⁻ˣ).
    Silu,
    /// The error function, for which closed forms are known (Williams 1997).
    Erf,
}

const LEAKY_SLOPE: f64 = 0.01;
/// Klambauer et al. 2017, eq. 14.
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_3;

/// Φ(x), the share of a standard Gaussian below x.
fn normal_distribution(x: f64) -> f64 {
    0.5 * (1.0 + erf(x / std::f64::consts::SQRT_2))
}

impl ScalarActivation {
    /// Every activation.
    pub const ALL: &[Self] = &[
        Self::Identity,
        Self::Sigmoid,
        Self::Tanh,
        Self::Relu,
        Self::LeakyRelu,
        Self::Elu,
        Self::Selu,
        Self::Gelu,
        Self::Silu,
        Self::Erf,
    ];

    /// Returns φ(x).
    pub fn value(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Tanh => x.tanh(),
            Self::Relu => x.max(0.0),
            Self::LeakyRelu => x.max(LEAKY_SLOPE * x),
            Self::Elu => {
                if x > 0.0 {
                    x
                } else {
                    x.exp_m1()
                }
            }
            Self::Selu => {
                let below = SELU_ALPHA * x.exp_m1();
                SELU_SCALE * if x > 0.0 { x } else { below }
            }
            Self::Gelu => x * normal_distribution(x),
            Self::Silu => x * Self::Sigmoid.value(x),
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
            Self::Elu => {
                if x > 0.0 {
                    1.0
                } else {
                    x.exp()
                }
            }
            Self::Selu => SELU_SCALE * if x > 0.0 { 1.0 } else { SELU_ALPHA * x.exp() },
            Self::Gelu => {
                let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
                normal_distribution(x) + x * density
            }
            Self::Silu => {
                let sigmoid = Self::Sigmoid.value(x);
                sigmoid * (1.0 + x * (1.0 - sigmoid))
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
            Self::Sigmoid
            | Self::Tanh
            | Self::Elu
            | Self::Selu
            | Self::Gelu
            | Self::Silu
            | Self::Erf => None,
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
