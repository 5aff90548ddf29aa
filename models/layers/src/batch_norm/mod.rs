//! Batch normalisation of images, with an optional shortcut and activation.

#[cfg(feature = "flex")]
mod kernel;
#[cfg(feature = "flex")]
mod passes;

use burn::nn::BatchNorm;
use burn::tensor::Tensor;

use crate::activation_layer::ActivationLayer;

/// Applies a batch normalisation, then adds the shortcut and applies the activation, if any. In
/// training, this crate's kernel is used where it supports the back end, otherwise Burn's
/// operations. The results agree to rounding.
///
/// # Shapes
///
/// - input, shortcut, output: `[batch, channels, height, width]`
pub fn batch_norm(
    norm: &BatchNorm,
    activation: Option<&ActivationLayer>,
    input: Tensor<4>,
    shortcut: Option<Tensor<4>>,
) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if let Some(output) = kernel::run(norm, activation, &input, shortcut.as_ref()) {
        return output;
    }
    let output = norm.forward(input);
    let output = match shortcut {
        Some(shortcut) => shortcut + output,
        None => output,
    };
    match activation {
        Some(activation) => activation.forward(output),
        None => output,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::with_threads;
    use backdraft_spec::Activation;
    use burn::module::{Param, RunningState};
    use burn::nn::BatchNormConfig;
    use burn::tensor::{DType, Device, TensorData};
    use std::num::NonZero;

    /// Returns the output, the gradients of input, gain and shift, the running statistics, and the
    /// shortcut's gradient if there is one, computed in `dtype` from inputs of magnitude `scale`.
    fn results(
        activation: Option<Activation>,
        has_shortcut: bool,
        shape: [usize; 4],
        scale: f64,
        dtype: DType,
    ) -> Vec<Vec<f64>> {
        let device = Device::flex().autodiff();
        let data = |shape: &[usize], step: f64| {
            let values = (0..shape.iter().product()).map(|i| (f64::from(i as u32) * step).sin());
            TensorData::new(values.collect::<Vec<f64>>(), shape.to_vec()).convert_dtype(dtype)
        };
        let vector = |step| Tensor::<1>::from_data(data(&shape[1..2], step), (&device, dtype));
        let norm = BatchNorm {
            gamma: Param::from_tensor(vector(0.8) + 2.0),
            beta: Param::from_tensor(vector(0.3)),
            running_mean: RunningState::new(vector(0.1).detach()),
            running_var: RunningState::new(vector(0.1).detach() + 1.5),
            ..BatchNormConfig::new(shape[1]).init(&device)
        };
        let activation = activation.map(|activation| ActivationLayer::new(activation, &device));
        let input = Tensor::<4>::from_data(data(&shape, 1.7), (&device, dtype)).add_scalar(3.0);
        let input = input.mul_scalar(scale).detach().require_grad();
        let shortcut = Tensor::<4>::from_data(data(&shape, 2.3), (&device, dtype)).require_grad();
        let added = has_shortcut.then(|| shortcut.clone());
        let output = batch_norm(&norm, activation.as_ref(), input.clone(), added);
        let weights = Tensor::<4>::from_data(data(&shape, 0.9), (&device, dtype));
        let gradients = (output.clone() * weights).sum().backward();
        let of = |parameter: &Param<Tensor<1>>| parameter.val().grad(&gradients).unwrap();
        let all = [
            output.into_data(),
            input.grad(&gradients).unwrap().into_data(),
            of(&norm.gamma).into_data(),
            of(&norm.beta).into_data(),
            norm.running_mean.value_sync().into_data(),
            norm.running_var.value_sync().into_data(),
        ];
        let all = all.into_iter().chain(shortcut.grad(&gradients).map(Tensor::into_data));
        all.map(|data| data.iter::<f64>().collect()).collect()
    }

    /// The reference is Burn's own operations in `f64`, which the kernel does not handle.
    #[test]
    fn the_kernel_agrees_with_burns_operations() {
        for activation in [None, Some(Activation::Relu), Some(Activation::Tanh)] {
            let shapes = [[2, 1, 1, 1], [3, 5, 7, 3], [4, 16, 8, 8], [2, 3, 1, 130]];
            for (shape, has_shortcut) in shapes.into_iter().flat_map(|it| [(it, false), (it, true)])
            {
                let flat = |dtype| results(activation, has_shortcut, shape, 1.0, dtype).concat();
                let (ours, exact) = (flat(DType::F32), flat(DType::F64));
                assert_eq!(ours.len(), exact.len());
                let scale = exact.iter().fold(1.0, |most: f64, value| most.max(value.abs()));
                for (ours, exact) in ours.iter().zip(&exact) {
                    let is_close = (ours - exact).abs() < 5e-6 * scale;
                    assert!(is_close, "{activation:?} {shape:?}: {ours}, not {exact}");
                }
            }
        }
    }

    #[test]
    fn large_inputs_are_normalised_as_small_ones_are() {
        for activation in [None, Some(Activation::Relu), Some(Activation::Elu)] {
            for (shape, scale) in [([3, 5, 7, 3], 1e4), ([4, 16, 8, 8], 1e4), ([3, 5, 7, 3], 1e15)]
            {
                let ours = results(activation, true, shape, scale, DType::F32);
                let exact = results(activation, true, shape, scale, DType::F64);
                for (ours, exact) in ours.iter().zip(&exact) {
                    let largest = exact.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
                    for (ours, exact) in ours.iter().zip(exact) {
                        // Sums over the batch lose a few digits to cancellation.
                        let is_close = (ours - exact).abs() < 5e-5 * largest;
                        assert!(is_close, "{activation:?} {shape:?} {scale}: {ours}, not {exact}");
                    }
                }
            }
        }
    }

    #[test]
    fn results_do_not_depend_on_the_threads() {
        let on = |threads| {
            let shape = [16, 8, 64, 64];
            with_threads(NonZero::new(threads).unwrap(), || {
                results(Some(Activation::Relu), true, shape, 1.0, DType::F32)
            })
        };
        let one = on(1);
        assert!([2, 3].into_iter().all(|threads| on(threads) == one));
    }
}
