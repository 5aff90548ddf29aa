//! The forward passes of Burn's layers, tapped.

use burn::nn::attention::{MhaInput, MhaOutput, MultiHeadAttention};
use burn::nn::conv::{Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d};
use burn::nn::gru::Gru;
use burn::nn::transformer::{PositionWiseFeedForward, TransformerEncoder, TransformerEncoderInput};
use burn::nn::{
    BatchNorm, Dropout, Elu, Embedding, Gelu, GroupNorm, InstanceNorm, LayerNorm, LeakyRelu,
    Linear, Lstm, LstmState, PRelu, Relu, RmsNorm, Sigmoid, Softplus, Tanh,
};
use burn::tensor::{Int, Tensor};

use super::{Tapped, default_unit_axis};
use crate::nonlinearity::Nonlinearity;

/// Layers of any rank, with the axis of their units.
macro_rules! of_any_rank {
    ($($layer:ty: $kind:ident, |$rank:ident| $axis:expr;)*) => {$(
        impl Tapped<$layer> {
            /// Runs the layer and taps its output.
            pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
                let unit_axis = (|$rank: usize| $axis)(D);
                self.tap(Nonlinearity::$kind, unit_axis, |layer| layer.forward(input))
            }
        }
    )*};
}

of_any_rank! {
    Linear: Other, |rank| rank - 1;
    PositionWiseFeedForward: Other, |rank| rank - 1;
    LayerNorm: Other, |rank| rank - 1;
    RmsNorm: Other, |rank| rank - 1;
    BatchNorm: Other, |_rank| 1;
    GroupNorm: Other, |_rank| 1;
    InstanceNorm: Other, |_rank| 1;
    Dropout: Other, |rank| default_unit_axis(rank);
    Relu: Rectifier, |rank| default_unit_axis(rank);
    Sigmoid: Sigmoid, |rank| default_unit_axis(rank);
    Tanh: Tanh, |rank| default_unit_axis(rank);
    LeakyRelu: Other, |rank| default_unit_axis(rank);
    PRelu: Other, |rank| default_unit_axis(rank);
    Elu: Other, |rank| default_unit_axis(rank);
    Gelu: Other, |rank| default_unit_axis(rank);
    Softplus: Other, |rank| default_unit_axis(rank);
}

/// Layers of one input of a certain type.
macro_rules! of_one_type {
    ($($layer:ty: $input:ty => $output:ty, $axis:literal;)*) => {$(
        impl Tapped<$layer> {
            /// Runs the layer and taps its output.
            pub fn forward(&self, input: $input) -> $output {
                self.tap(Nonlinearity::Other, $axis, |layer| layer.forward(input))
            }
        }
    )*};
}

of_one_type! {
    Conv1d: Tensor<3> => Tensor<3>, 1;
    Conv2d: Tensor<4> => Tensor<4>, 1;
    Conv3d: Tensor<5> => Tensor<5>, 1;
    ConvTranspose1d: Tensor<3> => Tensor<3>, 1;
    ConvTranspose2d: Tensor<4> => Tensor<4>, 1;
    ConvTranspose3d: Tensor<5> => Tensor<5>, 1;
    Embedding: Tensor<2, Int> => Tensor<3>, 2;
    TransformerEncoder: TransformerEncoderInput => Tensor<3>, 2;
}

impl Tapped<Lstm> {
    /// Runs the layer and taps its outputs at all time steps together.
    pub fn forward(
        &self,
        input: Tensor<3>,
        state: Option<LstmState<2>>,
    ) -> (Tensor<3>, LstmState<2>) {
        let (output, state) = self.layer.forward(input, state);
        let output = self.tap(Nonlinearity::Other, 2, |_| output);
        (output, state)
    }
}

impl Tapped<Gru> {
    /// Runs the layer and taps its outputs at all time steps together.
    pub fn forward(&self, input: Tensor<3>, state: Option<Tensor<2>>) -> Tensor<3> {
        self.tap(Nonlinearity::Other, 2, |layer| layer.forward(input, state))
    }
}

impl Tapped<MultiHeadAttention> {
    /// Runs the layer and taps its context and the weights of its attention.
    pub fn forward(&self, input: MhaInput) -> MhaOutput {
        let MhaOutput { weights, context } = self.layer.forward(input);
        self.tap_weights(&weights);
        MhaOutput { weights, context: self.tap(Nonlinearity::Other, 2, |_| context) }
    }
}
