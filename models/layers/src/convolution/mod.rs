//! Convolutions, with weights drawn on the host and a fast kernel for the CPU back end.

mod init;

#[cfg(feature = "flex")]
mod kernel;

use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;

pub use init::ConvolutionInit;

/// Applies a convolution, with this crate's kernel where it supports the back end and shape,
/// otherwise with Burn's operation. The results agree to rounding.
///
/// The kernel supports `f32` on `flex`, and square filters with equal stride and padding in both
/// directions, one group and no dilation.
///
/// # Shapes
///
/// - input: `[batch, inputs, height, width]`
/// - output: `[batch, outputs, ⌊(height + 2 padding − side) / stride⌋ + 1, …]`
pub fn convolve(convolution: &Conv2d, input: Tensor<4>) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if let Some(output) = kernel::run(convolution, &input) {
        return output;
    }
    convolution.forward(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::with_threads;
    use burn::module::Param;
    use burn::nn::PaddingConfig2d;
    use burn::nn::conv::Conv2dConfig;
    use burn::tensor::{DType, Device, TensorData};
    use std::num::NonZero;

    /// Batch, inputs, outputs, height and width, side, stride, padding.
    type Case = (usize, usize, usize, [usize; 2], usize, usize, usize);

    const CASES: [Case; 10] = [
        (1, 1, 1, [1, 1], 1, 1, 0),
        (2, 3, 16, [8, 8], 3, 1, 1),
        (9, 16, 17, [7, 5], 3, 1, 1),
        (3, 5, 12, [8, 8], 3, 2, 1),
        (2, 4, 9, [9, 6], 3, 2, 1),
        (2, 6, 8, [7, 8], 1, 2, 0),
        (2, 3, 4, [20, 18], 7, 2, 3),
        (2, 2, 3, [11, 12], 5, 3, 0),
        (1, 2, 2, [4, 4], 3, 1, 2),
        (2, 2, 5, [3, 40], 3, 1, 0),
    ];

    /// A chirp. Sums over products of plain sine waves would cancel and amplify rounding error.
    fn values(count: usize, phase: f64) -> Vec<f64> {
        (0..count).map(|i| ((i * i) as f64 * 0.73 + phase).sin()).collect()
    }

    /// Returns the output and the gradients of input, weight and bias as one flat list, computed in
    /// `dtype`.
    fn results(case: Case, has_bias: bool, dtype: DType) -> Vec<f64> {
        let (batch, inputs, outputs, [height, width], side, stride, padding) = case;
        let device = Device::flex().autodiff();
        let data = |shape: Vec<usize>, phase| {
            TensorData::new(values(shape.iter().product(), phase), shape).convert_dtype(dtype)
        };
        let leaf = |shape, phase| Tensor::<4>::from_data(data(shape, phase), (&device, dtype));
        let input = leaf(vec![batch, inputs, height, width], 0.0).require_grad();
        let bias = Tensor::<1>::from_data(data(vec![outputs], 2.0), (&device, dtype));
        let convolution = Conv2d {
            weight: Param::from_tensor(leaf(vec![outputs, inputs, side, side], 1.0)),
            bias: has_bias.then(|| Param::from_tensor(bias)),
            ..Conv2dConfig::new([inputs, outputs], [side, side])
                .with_stride([stride, stride])
                .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
                .init(&device)
        };
        let output = convolve(&convolution, input.clone());
        let shape = output.dims().to_vec();
        let weights = Tensor::<4>::from_data(data(shape, 3.0), (&device, dtype));
        let gradients = (output.clone() * weights).sum().backward();
        let weight = convolution.weight.val().grad(&gradients).unwrap().into_data();
        let bias = convolution.bias.map(|bias| bias.val().grad(&gradients).unwrap().into_data());
        let all = [output.into_data(), input.grad(&gradients).unwrap().into_data(), weight];
        all.iter().chain(&bias).flat_map(|data| data.iter::<f64>()).collect()
    }

    /// The reference is Burn's own convolution in `f64`, which the kernel does not handle.
    #[test]
    fn the_kernel_agrees_with_burns_convolution() {
        for case in CASES {
            [false, true].into_iter().for_each(|has_bias| assert_agreement(case, has_bias));
        }
    }

    fn assert_agreement(case: Case, has_bias: bool) {
        let ours = results(case, has_bias, DType::F32);
        let exact = results(case, has_bias, DType::F64);
        let scale = exact.iter().fold(1.0, |most: f64, value| most.max(value.abs()));
        assert_eq!(ours.len(), exact.len(), "{case:?}");
        for (ours, exact) in ours.iter().zip(&exact) {
            assert!((ours - exact).abs() < 1e-6 * scale, "{case:?}: {ours}, not {exact}");
        }
    }

    /// Every geometry up to 9 × 9 pixels. After a few strides, only a pixel or two of a small image
    /// remain.
    #[test]
    fn every_small_geometry_agrees_with_burns_convolution() {
        let sides = || (1..=9).flat_map(|height| (1..=9).map(move |width| [height, width]));
        let mut compared = 0;
        for (stride, side) in (1..=3).flat_map(|stride| (1..=7).map(move |side| (stride, side))) {
            for padding in [0, side / 2, side - 1] {
                for shape @ [height, width] in sides() {
                    if height.min(width) + 2 * padding < side {
                        continue; // the filter is larger than the image
                    }
                    let case = (1, 2, 2, shape, side, stride, padding);
                    assert_agreement(case, compared % 2 == 0);
                    compared += 1;
                }
            }
        }
        assert!(compared > 4_000, "{compared}");
    }

    #[test]
    fn results_do_not_depend_on_the_threads() {
        let case = (21, 16, 16, [32, 32], 3, 1, 1);
        let on = |threads| {
            with_threads(NonZero::new(threads).unwrap(), || results(case, true, DType::F32))
        };
        let one = on(1);
        assert!([2, 3].into_iter().all(|threads| on(threads) == one));
    }
}
