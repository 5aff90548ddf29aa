//! A linear layer with its activation.

#[cfg(feature = "flex")]
mod fused;
#[cfg(feature = "flex")]
mod kernel;

use backdraft_spec::Activation;
use burn::nn::Linear;
use burn::tensor::Tensor;

#[cfg(feature = "flex")]
use crate::activation_layer::ActivationLayer;

/// Applies a linear layer and an optional activation, with this crate's kernel where it supports
/// the back end and sizes, otherwise with Burn's operations. The results agree to rounding.
///
/// # Shapes
///
/// - input: `[batch, inputs]`
/// - output: `[batch, outputs]`
pub fn dense(linear: &Linear, activation: Option<&ActivationLayer>, input: Tensor<2>) -> Tensor<2> {
    let activate = |output| match activation {
        Some(activation) => activation.forward(output),
        None => output,
    };
    #[cfg(feature = "flex")]
    {
        let included = activation.map_or(Activation::Identity, ActivationLayer::activation);
        if let Some(output) = kernel::run(linear, included, &input) {
            return if fused::kept(included).is_some() { output } else { activate(output) };
        }
    }
    activate(linear.forward(input))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::with_threads;
    use backdraft_spec::Activation;
    use burn::module::Param;
    use burn::tensor::{DType, Device, TensorData};
    use std::num::NonZero;

    /// Returns the output and the gradients of input, weight and bias as one flat list, computed in
    /// `dtype`.
    fn results(activation: Activation, sizes: [usize; 3], dtype: DType) -> Vec<f64> {
        let [batch, inputs, outputs] = sizes;
        let device = Device::flex().autodiff();
        let data = |shape: Vec<usize>, step: f64| {
            let values = (0..shape.iter().product()).map(|i| (f64::from(i as u32) * step).sin());
            TensorData::new(values.collect::<Vec<f64>>(), shape).convert_dtype(dtype)
        };
        let matrix = |shape: [usize; 2], step| {
            Tensor::<2>::from_data(data(shape.to_vec(), step), (&device, dtype))
        };
        let bias = Tensor::<1>::from_data(data(vec![outputs], 0.9), (&device, dtype));
        let linear = Linear {
            weight: Param::from_tensor(matrix([inputs, outputs], 0.7)),
            bias: Some(Param::from_tensor(bias)),
        };
        let input = matrix([batch, inputs], 1.3).require_grad();
        let activation = ActivationLayer::new(activation, &device);
        let output = dense(&linear, Some(&activation), input.clone());
        let gradients = (output.clone() * matrix([batch, outputs], 0.4)).sum().backward();
        let weight = linear.weight.val().grad(&gradients).unwrap().into_data();
        let bias = linear.bias.as_ref().unwrap().val().grad(&gradients).unwrap().into_data();
        let all = [output.into_data(), input.grad(&gradients).unwrap().into_data(), weight, bias];
        all.iter().flat_map(|data| data.iter::<f64>()).collect()
    }

    /// The reference is Burn's own operations in `f64`, which the kernel does not handle.
    #[test]
    fn every_activation_agrees_with_burns_operations() {
        for activation in Activation::ALL {
            if *activation == Activation::Prelu {
                continue; // its slope is an `f32` parameter
            }
            for sizes in [[1, 1, 1], [7, 5, 3], [32, 20, 16], [13, 33, 50]] {
                let ours = results(*activation, sizes, DType::F32);
                let exact = results(*activation, sizes, DType::F64);
                assert_eq!(ours.len(), exact.len());
                let scale = exact.iter().fold(1.0, |most: f64, value| most.max(value.abs()));
                for (ours, exact) in ours.iter().zip(&exact) {
                    let is_close = (ours - exact).abs() < 2e-6 * scale;
                    assert!(is_close, "{activation:?} {sizes:?}: {ours}, not {exact}");
                }
            }
        }
    }

    /// The first layer's input is data without autodiff. Bit-identical gradients show that the same
    /// kernel ran.
    #[test]
    fn data_as_input_gives_the_weights_the_same_gradient() {
        let device = Device::flex().autodiff();
        let values = |i: usize| (i as f32 * 0.37).sin();
        let data = TensorData::new((0..33 * 47).map(values).collect(), [33, 47]);
        let weight = TensorData::new((0..47 * 21).map(values).collect(), [47, 21]);
        let linear = Linear {
            weight: Param::from_data(weight, &device),
            bias: Some(Param::from_data([0.1f32; 21], &device)),
        };
        let layer = ActivationLayer::new(Activation::Gelu, &device);
        let gradient = |device: &Device| {
            let input = Tensor::<2>::from_data(data.clone(), device);
            let gradients = dense(&linear, Some(&layer), input).square().sum().backward();
            linear.weight.val().grad(&gradients).unwrap().into_data().try_to_vec::<f32>().unwrap()
        };
        assert_eq!(gradient(&Device::flex()), gradient(&device));
    }

    #[test]
    fn results_do_not_depend_on_the_threads() {
        let on = |threads| {
            with_threads(NonZero::new(threads).unwrap(), || {
                results(Activation::Sigmoid, [129, 101, 67], DType::F32)
            })
        };
        assert_eq!(on(1), on(2));
    }

    #[test]
    fn what_is_not_a_number_stays_so() {
        let device = Device::flex();
        for activation in [Activation::Relu, Activation::Sigmoid, Activation::Tanh] {
            let linear = Linear {
                weight: Param::from_data([[1.0f32]], &device),
                bias: Some(Param::from_data([0.0f32], &device)),
            };
            let input = Tensor::<2>::from_floats([[f32::NAN]], &device);
            let layer = ActivationLayer::new(activation, &device);
            let output = dense(&linear, Some(&layer), input);
            assert!(output.into_scalar::<f32>().is_nan(), "{activation:?}");
        }
    }
}
