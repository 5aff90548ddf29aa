//! Activation functions on tensors.

use backdraft_hooks::Nonlinearity;
use backdraft_spec::Activation;
use burn::tensor::Tensor;
use burn::tensor::activation::{
    hard_shrink, hardtanh, leaky_relu, log_sigmoid, relu, relu6, soft_shrink, softsign, tanh,
    tanhshrink, thresholded_relu,
};

use crate::functions::{
    elu, gelu, gelu_approximate, hard_sigmoid, mish, selu, sigmoid, silu, softplus,
};

/// What an [`Activation`] does to tensors.
pub trait ActivationExt: Copy {
    /// Returns what a tap on this activation's output should look for.
    fn nonlinearity(self) -> Nonlinearity;

    /// Applies the function to each element.
    ///
    /// [`Activation::Prelu`] has its initial slope here;
    /// [`ActivationLayer`](crate::ActivationLayer) learns it.
    fn apply<const D: usize>(self, tensor: Tensor<D>) -> Tensor<D>;
}

impl ActivationExt for Activation {
    fn nonlinearity(self) -> Nonlinearity {
        match self {
            Self::Sigmoid => Nonlinearity::Sigmoid,
            Self::Tanh => Nonlinearity::Tanh,
            Self::Relu
            | Self::Relu6
            | Self::ThresholdedRelu
            | Self::HardShrink
            | Self::SoftShrink => Nonlinearity::Rectifier,
            _ => Nonlinearity::Other,
        }
    }

    fn apply<const D: usize>(self, tensor: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Identity => tensor,
            Self::Sigmoid => sigmoid(tensor),
            Self::Tanh => tanh(tensor),
            Self::Relu => relu(tensor),
            Self::LeakyRelu => leaky_relu(tensor, 0.01),
            Self::Prelu => leaky_relu(tensor, Self::PRELU_SLOPE),
            Self::Elu | Self::Celu => elu(tensor),
            Self::Selu => selu(tensor),
            Self::Gelu => gelu(tensor),
            Self::GeluApproximate => gelu_approximate(tensor),
            Self::Silu => silu(tensor),
            Self::Mish => mish(tensor),
            Self::Softplus => softplus(tensor),
            Self::Softsign => softsign(tensor),
            Self::LogSigmoid => log_sigmoid(tensor),
            Self::HardSigmoid => hard_sigmoid(tensor, 0.2),
            Self::HardSwish => tensor.clone() * hard_sigmoid(tensor, 1.0 / 6.0),
            Self::HardTanh => hardtanh(tensor, -1.0, 1.0),
            Self::Relu6 => relu6(tensor),
            Self::ThresholdedRelu => thresholded_relu(tensor, 1.0),
            Self::TanhShrink => tanhshrink(tensor),
            Self::HardShrink => hard_shrink(tensor, 0.5),
            Self::SoftShrink => soft_shrink(tensor, 0.5),
        }
    }
}
