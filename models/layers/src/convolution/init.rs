//! A convolution whose filters are drawn on the host.

use backdraft_spec::Initializer;
use burn::module::Param;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::{Device, TensorData};

use crate::initializer::InitializerExt;
use crate::rng::WeightRng;

/// How to initialise a convolution with square filters of odd side, padded so that stride 1 keeps
/// the size of the image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvolutionInit {
    /// Initialiser of the filters.
    pub weight: Initializer,
    /// Factor applied to the drawn filters, for initialisers that depend on depth.
    pub gain: f64,
    /// Side length of the filters; must be odd.
    pub side: usize,
    /// Distance between applications of a filter, in pixels.
    pub stride: usize,
    /// Whether there are biases, which start at zero.
    pub has_bias: bool,
}

impl ConvolutionInit {
    /// Creates Burn's `Conv2d` from `inputs` to `outputs` channels with drawn filters.
    ///
    /// # Shapes
    ///
    /// - weight: `[outputs, inputs, side, side]`
    /// - bias: `[outputs]`
    pub fn init(
        self,
        inputs: usize,
        outputs: usize,
        rng: &mut WeightRng,
        device: &Device,
    ) -> Conv2d {
        let Self { weight, gain, side, stride, has_bias } = self;
        let padding = side / 2;
        let filters = weight.draw_filters(inputs, outputs, side, rng);
        let filters: Vec<f32> = filters.into_iter().map(|w| (gain * f64::from(w)) as f32).collect();
        let weight = TensorData::new(filters, [outputs, inputs, side, side]);
        let bias = TensorData::zeros::<f32, _>([outputs]);
        let conv = Conv2dConfig::new([inputs, outputs], [side, side])
            .with_stride([stride, stride])
            .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
            .with_bias(has_bias)
            .with_initializer(burn::nn::Initializer::Zeros)
            .init(device);
        Conv2d {
            weight: Param::from_data(weight, device),
            bias: has_bias.then(|| Param::from_data(bias, device)),
            ..conv
        }
    }

    /// Returns the number of weights and biases.
    pub fn num_learned(self, inputs: usize, outputs: usize) -> usize {
        inputs * outputs * self.side * self.side + usize::from(self.has_bias) * outputs
    }
}
