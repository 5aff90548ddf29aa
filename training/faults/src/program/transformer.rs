//! Burn's own Transformer encoder.

use backdraft_hooks::Taps;
use burn::module::Module;
use burn::nn::Linear;
use burn::nn::transformer::{
    TransformerEncoder, TransformerEncoderConfig, TransformerEncoderInput,
};
use burn::tensor::{Device, Tensor};

use super::{Classifier, Own, linear};
use crate::data::CLASSES;

const MODEL: usize = 16;

#[derive(Module, Debug)]
pub(crate) struct BurnTransformer {
    embedding: Linear,
    encoder: TransformerEncoder,
    head: Linear,
}

impl Own for BurnTransformer {
    const GAIN: f64 = 1.0;

    fn new(device: &Device) -> Self {
        let encoder = TransformerEncoderConfig::new(MODEL, 2 * MODEL, 2, 3).with_dropout(0.0);
        Self {
            embedding: linear(8, MODEL, device),
            encoder: encoder.with_norm_first(true).init(device),
            head: linear(MODEL, CLASSES, device),
        }
    }
}

impl Classifier for BurnTransformer {
    fn logits(&self, inputs: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let [batch, _] = inputs.dims();
        let tokens = self.embedding.forward(inputs.reshape([batch, 8, 8]));
        let tokens = self.encoder.forward(TransformerEncoderInput::new(tokens));
        let tokens = taps.tap("tokens", tokens);
        self.head.forward(tokens.mean_dim(1).reshape([batch, MODEL]))
    }
}
