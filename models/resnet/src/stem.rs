//! The layers before the first block.

use backdraft_layers::{ActivationLayer, convolve};
use burn::module::{Module, Param};
use burn::nn::BatchNorm;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;

use crate::block::normalize;
use crate::options::StemKind;

/// The first convolution with normalisation and activation. In a pre-activation network, the first
/// block starts with these instead.
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
    /// - output: `[batch, features, height, width]`, with a quarter of the height and width for the
    ///   large stem
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let mut features = convolve(&self.conv, images);
        if let Some(bias) = &self.bias {
            features = features + bias.val().unsqueeze(); // Fixup has no normalisation
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
