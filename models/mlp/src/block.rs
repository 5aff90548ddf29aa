//! One hidden layer.

use backdraft_hooks::Nonlinearity;
use backdraft_layers::{ActivationExt, ActivationLayer, dense};
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::normalization::NormalizationLayer;
use crate::skip::SkipLayer;

/// A hidden layer: a linear map, a normalisation and an activation, with a skip around them.
#[derive(Module, Debug)]
pub struct Block {
    /// The affine map.
    pub linear: Linear,
    /// Normalises the output of the linear map, if configured.
    pub normalization: Option<NormalizationLayer>,
    /// The activation function.
    pub activation: ActivationLayer,
    /// Joins the layer's input and output, if configured and their widths are equal.
    pub skip: Option<SkipLayer>,
}

impl Block {
    /// Computes the layer's output.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, inputs]`
    /// - output: `[batch, width]`
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let activated = match &self.normalization {
            None => dense(&self.linear, Some(&self.activation), input.clone()),
            Some(normalization) => {
                let linear = dense(&self.linear, None, input.clone()); // [batch, width]
                self.activation.forward(normalization.forward(linear))
            }
        };
        match &self.skip {
            Some(skip) => skip.join(input, activated),
            None => activated,
        }
    }

    /// Returns what a tap on the layer's output sees, which with a skip is not the bare activation.
    pub(crate) fn nonlinearity(&self) -> Nonlinearity {
        match self.skip {
            None => self.activation.activation().nonlinearity(),
            Some(_) => Nonlinearity::Other,
        }
    }
}
