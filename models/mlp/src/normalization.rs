//! Normalisation of pre-activations.

use backdraft_spec::Normalization;
use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig, LayerNorm, LayerNormConfig};
use burn::tensor::{Device, Tensor};

/// A normalisation with its learned gain and shift.
#[derive(Module, Debug)]
pub enum NormalizationLayer {
    /// Batch normalisation.
    Batch(BatchNorm),
    /// Layer normalisation.
    Layer(LayerNorm),
}

impl NormalizationLayer {
    /// Creates the layer for `width` units, or `None` for [`Normalization::None`].
    pub fn new(normalization: Normalization, width: usize, device: &Device) -> Option<Self> {
        match normalization {
            Normalization::None => None,
            Normalization::Batch => Some(Self::Batch(BatchNormConfig::new(width).init(device))),
            Normalization::Layer => Some(Self::Layer(LayerNormConfig::new(width).init(device))),
        }
    }

    /// Normalises pre-activations.
    ///
    /// # Shapes
    ///
    /// - input, output: `[batch, width]`
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Batch(norm) => norm.forward(input),
            Self::Layer(norm) => norm.forward(input),
        }
    }
}
