//! The residual network.

use backdraft_hooks::{Nonlinearity, Taps};
use backdraft_layers::{ActivationExt, ActivationLayer};
use burn::module::{Module, Param};
use burn::nn::{BatchNorm, Linear};
use burn::tensor::Tensor;

use crate::block::{ResidualBlock, normalize};
use crate::stem::Stem;

/// A residual or plain convolutional network, created by [`ResnetConfig`](crate::ResnetConfig).
///
/// ```
/// use backdraft_hooks::Taps;
/// use backdraft_resnet::ResnetConfig;
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::flex();
/// let network = ResnetConfig::small_images(20).try_init(42, &device).unwrap();
/// let logits = network.forward(Tensor::zeros([2, 3, 32, 32], &device), &mut Taps::off());
/// assert_eq!(logits.dims(), [2, 10]);
/// ```
#[derive(Module, Debug)]
pub struct Resnet {
    /// The layers before the first block.
    pub stem: Stem,
    /// The blocks of all stages.
    pub blocks: Vec<ResidualBlock>,
    /// With pre-activation, the batch normalisation before the last activation.
    pub norm: Option<BatchNorm>,
    /// With pre-activation, the last activation.
    pub activation: Option<ActivationLayer>,
    /// Fixup's scalar bias before the head, shape `[1]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// The output layer.
    pub head: Linear,
    #[module(skip)]
    pub(crate) input_shape: [usize; 3],
}

impl Resnet {
    /// Computes the logits.
    ///
    /// Taps see the output of the stem as `stem`, the activation between the convolutions of a
    /// block as `blocks.i.hidden`, and the output of a block as `blocks.i`.
    ///
    /// # Shapes
    ///
    /// - images: `[batch, channels, height, width]`
    /// - output: `[batch, outputs]`
    pub fn forward(&self, images: Tensor<4>, taps: &mut Taps) -> Tensor<2> {
        let stem = match &self.stem.activation {
            Some(activation) => activation.activation().nonlinearity(),
            None => Nonlinearity::Other,
        };
        let mut features = taps.tap_output("stem", stem, self.stem.forward(images));
        for (index, block) in self.blocks.iter().enumerate() {
            features = block.forward(features, &format!("blocks.{index}"), taps);
        }
        features = normalize(&self.norm, self.activation.as_ref(), features, None);
        let [batch, channels, height, width] = features.dims();
        let mut pooled =
            features.reshape([batch, channels, height * width]).mean_dim(2).squeeze_dim::<2>(2);
        if let Some(bias) = &self.bias {
            pooled = pooled + bias.val().unsqueeze();
        }
        self.head.forward(pooled)
    }
}
