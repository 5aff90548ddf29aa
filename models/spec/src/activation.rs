//! The activation functions, by name.

use serde::{Deserialize, Serialize};

/// An element-wise activation function, under the name that configurations use.
///
/// Every activation of Burn is included, except the gated units (GLU, SwiGLU), which change the
/// width of their input, and RReLU, whose slope is random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// x
    Identity,
    /// 1 / (1 + e⁻ˣ)
    Sigmoid,
    /// hyperbolic tangent
    Tanh,
    /// max(0, x)
    Relu,
    /// x above 0, 0.01 x below
    LeakyRelu,
    /// x above 0, a x below; each layer learns one a, which starts at 0.25
    Prelu,
    /// x above 0, eˣ − 1 below (α = 1)
    Elu,
    /// the continuously differentiable ELU; with α = 1 it equals ELU
    Celu,
    /// ELU scaled by the self-normalising constants of Klambauer et al. 2017
    Selu,
    /// x Φ(x)
    Gelu,
    /// GELU in its tanh approximation
    GeluApproximate,
    /// x · sigmoid(x), also called swish
    Silu,
    /// x · tanh(softplus(x))
    Mish,
    /// ln(1 + eˣ)
    Softplus,
    /// x / (1 + |x|)
    Softsign,
    /// ln sigmoid(x)
    LogSigmoid,
    /// clamp(0.2 x + 0.5, 0, 1)
    HardSigmoid,
    /// x · clamp(x + 3, 0, 6) / 6
    HardSwish,
    /// clamp(x, −1, 1)
    HardTanh,
    /// clamp(x, 0, 6)
    Relu6,
    /// x above 1, else 0
    ThresholdedRelu,
    /// x − tanh(x)
    TanhShrink,
    /// x where |x| > 0.5, else 0
    HardShrink,
    /// x shifted towards 0 by 0.5; 0 where |x| ≤ 0.5
    SoftShrink,
}

impl Activation {
    /// Every activation.
    pub const ALL: &[Self] = &[
        Self::Identity,
        Self::Sigmoid,
        Self::Tanh,
        Self::Relu,
        Self::LeakyRelu,
        Self::Prelu,
        Self::Elu,
        Self::Celu,
        Self::Selu,
        Self::Gelu,
        Self::GeluApproximate,
        Self::Silu,
        Self::Mish,
        Self::Softplus,
        Self::Softsign,
        Self::LogSigmoid,
        Self::HardSigmoid,
        Self::HardSwish,
        Self::HardTanh,
        Self::Relu6,
        Self::ThresholdedRelu,
        Self::TanhShrink,
        Self::HardShrink,
        Self::SoftShrink,
    ];

    /// Returns the name that configurations use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Relu => "relu",
            Self::LeakyRelu => "leaky_relu",
            Self::Prelu => "prelu",
            Self::Elu => "elu",
            Self::Celu => "celu",
            Self::Selu => "selu",
            Self::Gelu => "gelu",
            Self::GeluApproximate => "gelu_approximate",
            Self::Silu => "silu",
            Self::Mish => "mish",
            Self::Softplus => "softplus",
            Self::Softsign => "softsign",
            Self::LogSigmoid => "log_sigmoid",
            Self::HardSigmoid => "hard_sigmoid",
            Self::HardSwish => "hard_swish",
            Self::HardTanh => "hard_tanh",
            Self::Relu6 => "relu6",
            Self::ThresholdedRelu => "thresholded_relu",
            Self::TanhShrink => "tanh_shrink",
            Self::HardShrink => "hard_shrink",
            Self::SoftShrink => "soft_shrink",
        }
    }

    /// Initial slope of PReLU below zero (He et al. 2015, § 2.1).
    pub const PRELU_SLOPE: f64 = 0.25;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_serde_and_differ() {
        for (position, activation) in Activation::ALL.iter().enumerate() {
            let json = serde_json::to_string(activation).unwrap();
            assert_eq!(json, format!("\"{}\"", activation.name()));
            assert_eq!(serde_json::from_str::<Activation>(&json).unwrap(), *activation);
            assert!(!Activation::ALL[..position].contains(activation), "{json} listed twice");
        }
    }
}
