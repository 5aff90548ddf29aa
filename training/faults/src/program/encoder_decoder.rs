//! An encoder and a decoder.

use backdraft_hooks::Taps;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::{Classifier, Own, linear, through_tanh};
use crate::data::{CLASSES, FEATURES};

const WIDTHS: [usize; 8] = [FEATURES, 56, 48, 40, 32, 24, 16, 16];

#[derive(Module, Debug)]
pub(crate) struct EncoderDecoder {
    decoder: Vec<Linear>,
    encoder: Vec<Linear>,
    head: Linear,
}

impl Own for EncoderDecoder {
    const GAIN: f64 = 1.2;

    fn new(device: &Device) -> Self {
        let narrowing = WIDTHS.windows(2).map(|pair| linear(pair[0], pair[1], device)).collect();
        let widening = WIDTHS.windows(2).rev().map(|pair| linear(pair[1], pair[0], device));
        Self {
            decoder: widening.collect(),
            encoder: narrowing,
            head: linear(FEATURES, CLASSES, device),
        }
    }
}

impl Classifier for EncoderDecoder {
    fn logits(&self, inputs: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let code = through_tanh(&self.encoder, "encoder", inputs, taps);
        self.head.forward(through_tanh(&self.decoder, "decoder", code, taps))
    }
}
