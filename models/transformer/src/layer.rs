//! One layer of the encoder.

use backdraft_hooks::Taps;
use burn::module::Module;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use crate::attention::Attention;
use crate::config::NormOrder;

/// Attention and a feed-forward network, each with a residual connection and layer normalisation.
#[derive(Module, Debug)]
pub struct TransformerLayer {
    /// The first sublayer.
    pub attention: Attention,
    /// Its normalisation.
    pub norm1: LayerNorm,
    /// The second sublayer: from the width to the hidden units…
    pub expand: Linear,
    /// … and back.
    pub contract: Linear,
    /// Its normalisation.
    pub norm2: LayerNorm,
    #[module(skip)]
    pub(crate) order: NormOrder,
}

impl TransformerLayer {
    /// Computes the layer's output.
    ///
    /// Taps see the logits and the output of the first sublayer as `name.attention` and the output of the
    /// layer as `name`.
    ///
    /// # Shapes
    ///
    /// - input, output: `[batch, length, width]`
    pub fn forward(&self, x: Tensor<3>, name: &str, taps: &mut Taps) -> Tensor<3> {
        let feed = |x: Tensor<3>| self.contract.forward(relu(self.expand.forward(x)));
        let attend = |x, taps: &mut Taps| self.attention.forward_tapped(x, name, taps);
        let x = match self.order {
            NormOrder::Post => self.norm1.forward(x.clone() + attend(x, taps)),
            NormOrder::Pre => x.clone() + attend(self.norm1.forward(x), taps),
        };
        let x = taps.tap(format_args!("{name}.attention"), x);
        let x = match self.order {
            NormOrder::Post => self.norm2.forward(x.clone() + feed(x)),
            NormOrder::Pre => x.clone() + feed(self.norm2.forward(x)),
        };
        taps.tap(name, x)
    }
}
