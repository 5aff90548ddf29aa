//! The encoder.

use backdraft_hooks::Taps;
use burn::module::{Module, Param};
use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;

use crate::layer::TransformerLayer;

/// A transformer encoder over vectors, with a linear head on the mean over positions, created by
/// [`TransformerConfig`](crate::TransformerConfig).
///
/// ```
/// use backdraft_hooks::Taps;
/// use backdraft_transformer::TransformerConfig;
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::flex();
/// let encoder = TransformerConfig::default().try_init(42, &device).unwrap();
/// let outputs = encoder.forward(Tensor::zeros([4, 16, 8], &device), &mut Taps::off());
/// assert_eq!(outputs.dims(), [4, 10]);
/// ```
#[derive(Module, Debug)]
pub struct Transformer {
    /// From features to the width.
    pub embedding: Linear,
    /// Position embeddings, `[length, width]`.
    pub position: Param<Tensor<2>>,
    /// The layers, first to last.
    pub layers: Vec<TransformerLayer>,
    /// The final normalisation, if the layers normalise before their sublayers.
    pub norm: Option<LayerNorm>,
    /// The output layer.
    pub head: Linear,
}

impl Transformer {
    /// Computes the outputs.
    ///
    /// Taps see the output of a layer's attention as `layers.i.attention` and that of the layer as
    /// `layers.i`.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, length, inputs]`, with at most the configured length
    /// - output: `[batch, outputs]`
    pub fn forward(&self, input: Tensor<3>, taps: &mut Taps) -> Tensor<2> {
        let [_, length, _] = input.dims();
        let position = self.position.val().narrow(0, 0, length);
        let mut x = self.embedding.forward(input) + position.unsqueeze();
        for (index, layer) in self.layers.iter().enumerate() {
            x = layer.forward(x, &format!("layers.{index}"), taps);
        }
        if let Some(norm) = &self.norm {
            x = norm.forward(x);
        }
        self.head.forward(x.mean_dim(1).squeeze_dim(1))
    }
}
