//! Normalisation of pre-activations.

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig, LayerNorm, LayerNormConfig};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// Normalisation of pre-activations, before the activation function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalization {
    /// No normalisation.
    #[default]
    None,
    /// Over the batch, per unit (Ioffe & Szegedy 2015). Training needs at least 2 examples per
    /// batch.
    Batch,
    /// Over the units, per example (Ba, Kiros & Hinton 2016).
    Layer,
}

/// A normalisation with its learned gain and shift.
#[derive(Module, Debug)]
pub enum NormalizationLayer {
    /// Batch normalisation.
    Batch(BatchNorm),
    /// Layer normalisation.
    Layer(LayerNorm),
}

impl Normalization {
    /// Creates the layer for `width` units, or `None` for [`Normalization::None`].
    pub fn init(self, width: usize, device: &Device) -> Option<NormalizationLayer> {
        match self {
            Self::None => None,
            Self::Batch => {
                Some(NormalizationLayer::Batch(BatchNormConfig::new(width).init(device)))
            }
            Self::Layer => {
                Some(NormalizationLayer::Layer(LayerNormConfig::new(width).init(device)))
            }
        }
    }
}

impl NormalizationLayer {
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
