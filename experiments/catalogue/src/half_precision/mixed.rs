//! A fully connected network computed in a short format, with master weights in `f32`.

use backdraft_hooks::Taps;
use backdraft_lab::Loss;
use backdraft_layers::{Activation, ActivationExt};
use backdraft_mlp::Mlp;
use backdraft_theory::NumberFormat;
use backdraft_trainer::Objective;
use burn::nn::Linear;
use burn::tensor::activation::sigmoid;
use burn::tensor::{FloatDType, Tensor};

/// How a network computes: its format, and the factor by which the loss is multiplied on the way back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mixed {
    pub(super) format: NumberFormat,
    /// Removed again, in `f32`, from the gradients of the master weights.
    pub(super) loss_scale: f64,
}

/// The only activation that is computed here.
pub(super) const ACTIVATION: Activation = Activation::Sigmoid;

impl Mixed {
    /// Computes the outputs, in `f32`, of a network of sigmoids without normalisation or skips.
    ///
    /// Weights and inputs are rounded to the format, in which all layers compute, forward and backward.
    /// Matrix products add up in `f32` and round the sum, as accelerators do.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, inputs]`
    /// - output: `[batch, outputs]`
    pub(super) fn forward(self, mlp: &Mlp, input: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let mut hidden = self.rounded(input);
        for (layer, block) in mlp.hidden.iter().enumerate() {
            let output = sigmoid(self.linear(&block.linear, hidden)); // [batch, width]
            hidden = taps.tap_output(
                format_args!("hidden.{layer}"),
                block.activation.activation().nonlinearity(),
                output,
            );
        }
        self.linear(&mlp.head, hidden).cast(FloatDType::F32)
    }

    fn linear(self, linear: &Linear, input: Tensor<2>) -> Tensor<2> {
        let output = input.matmul(self.parameter(linear.weight.val()));
        match &linear.bias {
            Some(bias) => output + self.parameter(bias.val()).unsqueeze::<2>(),
            None => output,
        }
    }

    fn parameter<const D: usize>(self, master: Tensor<D>) -> Tensor<D> {
        self.rounded(with_gradient_times(master, self.loss_scale.recip()))
    }

    fn rounded<const D: usize>(self, tensor: Tensor<D>) -> Tensor<D> {
        tensor.cast(match self.format {
            NumberFormat::F16 => FloatDType::F16,
            NumberFormat::Bf16 => FloatDType::BF16,
            NumberFormat::F32 => FloatDType::F32,
        })
    }
}

/// A loss that is reported as it is and multiplied on the way back.
pub(super) struct ScaledLoss {
    pub(super) loss: Loss,
    pub(super) scale: f64,
}

impl Objective<Tensor<2>, Tensor<2>> for ScaledLoss {
    fn loss(&self, outputs: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
        with_gradient_times(self.loss.loss(outputs, targets), self.scale)
    }

    fn correct(&self, outputs: Tensor<2>, targets: Tensor<2>) -> Option<Tensor<1>> {
        self.loss.correct(outputs, targets)
    }
}

/// Returns the same values, whose gradient is multiplied by `factor`.
fn with_gradient_times<const D: usize>(tensor: Tensor<D>, factor: f64) -> Tensor<D> {
    if factor == 1.0 {
        return tensor;
    }
    // The second term is zero, exactly.
    let value = (tensor.clone() * 1.0).detach();
    value.clone() + (tensor - value) * factor
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_layers::Initializer;
    use backdraft_mlp::MlpConfig;
    use burn::tensor::{DType, Device, TensorData};

    fn network(device: &Device) -> Mlp {
        let initializer = Initializer::XavierNormal;
        let activation = ACTIVATION;
        let config = MlpConfig {
            inputs: 7,
            depth: 3,
            width: 9,
            activation,
            initializer,
            ..Default::default()
        };
        config.init(5, device)
    }

    fn input(device: &Device) -> Tensor<2> {
        let values: Vec<f32> = (0..28).map(|i| (i as f32 * 0.7).sin()).collect();
        Tensor::from_data(TensorData::new(values, [4, 7]), device)
    }

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    /// The outputs and the gradient of their sum with respect to the first layer's master weights.
    fn pass(format: NumberFormat, loss_scale: f64) -> (Vec<f32>, Vec<f32>) {
        let device = Device::flex().autodiff();
        let mlp = network(&device);
        let mut taps = Taps::on();
        let output = Mixed { format, loss_scale }.forward(&mlp, input(&device), &mut taps);
        let gradients = with_gradient_times(output.clone().sum(), loss_scale).backward();
        let of_tap = taps.tapped()[0].gradient(&gradients).unwrap().dtype();
        let expected = match format {
            NumberFormat::F16 => DType::F16,
            NumberFormat::Bf16 => DType::BF16,
            NumberFormat::F32 => DType::F32,
        };
        assert_eq!(of_tap, expected, "gradients flow in the format");
        let gradient = mlp.hidden[0].linear.weight.grad(&gradients).unwrap();
        assert_eq!(gradient.dtype(), DType::F32, "those of the master weights do not");
        (values(output), values(gradient))
    }

    fn distance(a: &[f32], b: &[f32]) -> f32 {
        let largest = b.iter().fold(0f32, |largest, x| largest.max(x.abs()));
        a.iter().zip(b).fold(0f32, |most, (a, b)| most.max((a - b).abs())) / largest
    }

    #[test]
    fn in_f32_it_is_the_network_of_the_zoo() {
        let device = Device::flex().autodiff();
        let (mlp, x) = (network(&device), input(&device));
        let output = mlp.forward(x, &mut Taps::off());
        let gradients = output.clone().sum().backward();
        let gradient = values(mlp.hidden[0].linear.weight.grad(&gradients).unwrap());
        let (mixed, mixed_gradient) = pass(NumberFormat::F32, 1.0);
        assert!(distance(&mixed, &values(output)) < 1e-6);
        assert!(distance(&mixed_gradient, &gradient) < 1e-5);
    }

    #[test]
    fn short_formats_are_near_and_a_loss_scale_leaves_no_trace() {
        let (output, gradient) = pass(NumberFormat::F32, 1.0);
        for (format, rounding) in
            [(NumberFormat::F16, 1.0 / 1024.0), (NumberFormat::Bf16, 1.0 / 128.0)]
        {
            let (short, short_gradient) = pass(format, 1.0);
            // A handful of roundings add up.
            assert!(distance(&short, &output) < 4.0 * rounding, "{format:?}");
            assert!(distance(&short_gradient, &gradient) < 8.0 * rounding, "{format:?}");
            let (scaled, scaled_gradient) = pass(format, 1024.0);
            assert_eq!(scaled, short, "{format:?}");
            assert!(distance(&scaled_gradient, &gradient) < 8.0 * rounding, "{format:?}");
        }
    }
}
