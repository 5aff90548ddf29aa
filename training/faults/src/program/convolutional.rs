//! Convolutions with batch normalisation.

use backdraft_hooks::{Nonlinearity, Taps};
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use super::{Classifier, Own, linear};
use crate::data::CLASSES;

const CHANNELS: usize = 8;

#[derive(Module, Debug)]
pub(crate) struct Convolutional {
    convolutions: Vec<Conv2d>,
    norms: Vec<BatchNorm>,
    head: Linear,
}

impl Own for Convolutional {
    const GAIN: f64 = 2.0;

    fn new(device: &Device) -> Self {
        let convolution = |inputs| {
            let same = PaddingConfig2d::Same;
            Conv2dConfig::new([inputs, CHANNELS], [3, 3]).with_padding(same).init(device)
        };
        Self {
            convolutions: [1, CHANNELS, CHANNELS, CHANNELS].map(convolution).into(),
            norms: (0..4).map(|_| BatchNormConfig::new(CHANNELS).init(device)).collect(),
            head: linear(CHANNELS * 64, CLASSES, device),
        }
    }
}

impl Classifier for Convolutional {
    fn logits(&self, inputs: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let [batch, _] = inputs.dims();
        let mut images = inputs.reshape([batch, 1, 8, 8]);
        for (layer, (convolution, norm)) in self.convolutions.iter().zip(&self.norms).enumerate() {
            let output = relu(norm.forward(convolution.forward(images)));
            let name = format_args!("convolutions.{layer}");
            images = taps.tap_output(name, Nonlinearity::Rectifier, output);
        }
        self.head.forward(images.reshape([batch, CHANNELS * 64]))
    }
}
