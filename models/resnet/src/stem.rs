//! From the image to the first block.

use backdraft_layers::{ActivationLayer, convolve};
use burn::module::{Module, Param};
use burn::nn::BatchNorm;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;

use crate::block::normalize;
use crate::options::StemKind;

/// The first convolution; in a pre-activation network without the activation, which the first block
/// begins with.
#[derive(Module, Debug)]
pub struct Stem {
    /// The convolution.
    pub conv: Conv2d,
    /// Its batch normalisation.
    pub norm: Option<BatchNorm>,
    /// Fixup's scalar bias, shape `[1]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// The activation.
    pub activation: Option<ActivationLayer>,
    #[module(skip)]
    pub(crate) kind: StemKind,
}

impl Stem {
    /// Computes the first feature maps.
    ///
    /// # Shapes
    ///
    /// - images: `[batch, channels, height, width]`
    /// - output: `[batch, features, height, width]`, a quarter of the sides with the large stem
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let mut features = convolve(&self.conv, images);
        if let Some(bias) = &self.bias {
            features = features + bias.val().unsqueeze(); // there is no normalisation then
        }
        features = normalize(&self.norm, self.activation.as_ref(), features, None);
        match self.kind {
            StemKind::Small => features,
            StemKind::Large => max_pool2d(
                features,
                MaxPoolOptions::new([3, 3]).with_stride([2, 2]).with_padding([1, 1]),
            ),
        }
    }
}
