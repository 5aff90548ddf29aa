//! The connection around a block.

use backdraft_layers::convolve;
use burn::module::Module;
use burn::nn::BatchNorm;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;
use burn::tensor::module::avg_pool2d;
use burn::tensor::ops::AvgPoolOptions;

use crate::block::normalize;

/// The identity, or its closest equivalent where the shape changes.
#[derive(Module, Debug)]
pub struct Shortcut {
    /// A 1 × 1 convolution with the block's stride, used by option B where the shape changes.
    pub projection: Option<Conv2d>,
    /// Its batch normalisation.
    pub normalization: Option<BatchNorm>,
    #[module(skip)]
    pub(crate) stride: usize,
    #[module(skip)]
    pub(crate) channels: usize,
}

impl Shortcut {
    /// Computes the tensor that is added to the branch.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, inputs, height, width]`
    /// - output: `[batch, channels, ⌈height / stride⌉, ⌈width / stride⌉]`
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        if let Some(projection) = &self.projection {
            let projected = convolve(projection, input);
            return normalize(&self.normalization, None, projected, None);
        }
        let kept = match self.stride {
            1 => input,
            // Every other pixel: average pooling over 1 × 1 windows.
            stride => avg_pool2d(input, AvgPoolOptions::new([1, 1]).with_stride([stride, stride])),
        };
        let [batch, inputs, height, width] = kept.dims();
        if inputs == self.channels {
            return kept;
        }
        let missing = [batch, self.channels - inputs, height, width];
        let zeros = Tensor::zeros(missing, (&kept.device(), kept.dtype()));
        Tensor::cat(vec![kept, zeros], 1)
    }
}
