//! The fully connected network.

use backdraft_hooks::Taps;
use backdraft_layers::dense;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::block::Block;

/// A fully connected network with a linear head, created by [`MlpConfig`](crate::MlpConfig).
///
/// ```
/// use backdraft_hooks::Taps;
/// use backdraft_mlp::MlpConfig;
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::flex();
/// let mlp = MlpConfig { depth: 5, ..Default::default() }.init(42, &device);
/// let logits = mlp.forward(Tensor::zeros([8, 100], &device), &mut Taps::off());
/// assert_eq!(logits.dims(), [8, 1]);
/// ```
#[derive(Module, Debug)]
pub struct Mlp {
    /// The hidden layers, first to last.
    pub hidden: Vec<Block>,
    /// The output layer, without activation.
    pub head: Linear,
}

impl Mlp {
    /// Computes the outputs of the head.
    ///
    /// Taps see the output of each hidden layer as `hidden.0`, `hidden.1`, …: the h^l of Glorot &
    /// Bengio 2010.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, inputs]`
    /// - output: `[batch, outputs]`
    ///
    /// # Panics
    ///
    /// Panics if the input has a different number of features than the network.
    pub fn forward(&self, input: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let mut hidden = input;
        for (layer, block) in self.hidden.iter().enumerate() {
            let output = block.forward(hidden);
            hidden = taps.tap_output(format_args!("hidden.{layer}"), block.nonlinearity(), output);
        }
        dense(&self.head, None, hidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MlpConfig;
    use backdraft_layers::Activation;
    use backdraft_spec::{Normalization, Skip};
    use burn::tensor::Device;

    fn config() -> MlpConfig {
        MlpConfig { inputs: 5, outputs: 2, depth: 3, width: 4, ..Default::default() }
    }

    #[test]
    fn the_parameter_count_follows_the_formula() {
        for activation in [Activation::Relu, Activation::Prelu] {
            for normalization in [Normalization::None, Normalization::Batch, Normalization::Layer] {
                let config = MlpConfig { activation, normalization, ..config() };
                let mlp = config.init(0, &Device::flex());
                let statistics = match normalization {
                    Normalization::Batch => 2 * config.width * config.depth,
                    _ => 0,
                };
                assert_eq!(mlp.num_params(), config.num_learned() + statistics, "{config:?}");
            }
        }
        assert_eq!(MlpConfig::default().num_learned(), 101 * 64 + 2 * 65 * 64 + 65);
    }

    #[test]
    fn taps_see_the_layers_in_depth_order_and_change_nothing() {
        for skip in [Skip::None, Skip::Residual, Skip::Rezero, Skip::Highway(-2.0)] {
            let device = Device::flex();
            let mlp = MlpConfig { skip, ..config() }.init(1, &device);
            let input = Tensor::<2>::ones([3, 5], &device);
            let mut taps = Taps::on();
            let tapped = mlp.forward(input.clone(), &mut taps);
            let names: Vec<_> = taps.tapped().iter().map(|tap| tap.subject().to_string()).collect();
            assert_eq!(names, ["hidden.0", "hidden.1", "hidden.2"]);
            let untapped = mlp.forward(input, &mut Taps::off());
            assert_eq!(tapped.into_data(), untapped.into_data());
        }
    }

    #[test]
    fn skips_count_what_they_learn_except_where_the_widths_differ() {
        for (skip, learned) in [(Skip::Rezero, 2), (Skip::Highway(-2.0), 2 * 5 * 4)] {
            let mlp = MlpConfig { skip, ..config() }.init(0, &Device::flex());
            assert!(mlp.hidden[0].skip.is_none(), "5 inputs, 4 units");
            assert_eq!(mlp.num_params(), config().num_learned() + learned);
        }
    }

    #[test]
    fn a_rezero_layer_starts_as_the_identity_and_a_highway_carries_as_its_bias_says() {
        let device = Device::flex();
        let input = Tensor::<2>::from_floats([[1.0, -2.0, 3.0, 0.5]], &device);
        let layer = |skip| {
            let config = MlpConfig { inputs: 4, skip, ..config() };
            config.init(0, &device).hidden.swap_remove(0).forward(input.clone())
        };
        assert_eq!(layer(Skip::Rezero).into_data(), input.to_data());
        // In f32, σ(−50) is negligible and σ(50) is 1.
        assert_eq!(layer(Skip::Highway(-50.0)).into_data(), input.to_data());
        layer(Skip::Highway(50.0))
            .into_data()
            .assert_approx_eq::<f32>(&layer(Skip::None).into_data(), Default::default());
    }

    /// The stack of a test's thread is small: this fails if autodiff recurses through the layers.
    #[test]
    fn a_thousand_layers_pass_forward_and_backward() {
        let device = Device::flex().autodiff();
        for skip in [Skip::None, Skip::Highway(-2.0)] {
            let mlp = MlpConfig { depth: 1_000, skip, ..config() }.init(0, &device);
            let output = mlp.forward(Tensor::ones([2, 5], &device), &mut Taps::on());
            let gradients = output.sum().backward();
            assert!(mlp.hidden[0].linear.weight.val().grad(&gradients).is_some());
        }
    }

    #[test]
    fn a_residual_layer_of_zero_weights_is_the_identity() {
        let device = Device::flex();
        let config = MlpConfig {
            inputs: 4,
            skip: Skip::Residual,
            initializer: backdraft_layers::Initializer::Zeros,
            ..config()
        };
        let mlp = config.init(0, &device);
        let input = Tensor::<2>::from_floats([[1.0, -2.0, 3.0, 0.5]], &device);
        assert_eq!(mlp.hidden[0].forward(input.clone()).into_data(), input.into_data());
    }
}
