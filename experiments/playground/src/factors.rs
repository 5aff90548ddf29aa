//! The two factors of each layer: what its slopes and its weights leave of the gradient.

use backdraft_hooks::Taps;
use backdraft_mlp::{Mlp, MlpConfig, Normalization, Skip};
use backdraft_theory::ScalarFunction;
use backdraft_zoo::{NetworkConfig, ZooNetwork};
use burn::tensor::{ExecutionError, Gradients, Tensor, TensorData};
use serde::Serialize;

/// The gradient of a plain network as a product over its layers, ∂L/∂h_(l−1) = W_lᵀ (φ′(z_l) ⊙ ∂L/∂h_l).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Product {
    /// φ′ as points (z, φ′(z)), from the left.
    pub curve: Vec<[f64; 2]>,
    /// The factors of each hidden layer, first to last.
    pub layers: Vec<Factors>,
}

/// What one layer does to the gradient on its way back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Factors {
    /// ‖φ′(z) ⊙ ∂L/∂h‖ / ‖∂L/∂h‖, what the slopes leave.
    pub slopes: f64,
    /// ‖Wᵀ ∂L/∂z‖ / ‖∂L/∂z‖, what the weights leave.
    pub weights: f64,
    /// Units of one example, 64 at most, as points (z, φ′(z)).
    pub units: Vec<[f64; 2]>,
}

/// Most units of a layer that are shown.
const UNITS: usize = 64;
/// Ends of the curve, and its points.
const CURVE: (f64, f64, usize) = (-6.0, 6.0, 121);

impl Product {
    /// Reads the factors of a batch; `None` if layers have more than two: a normalisation or a skip.
    pub(super) fn of(
        config: &NetworkConfig,
        network: &ZooNetwork,
        inputs: &Tensor<2>,
        taps: &Taps,
        gradients: &Gradients,
    ) -> Result<Option<Self>, ExecutionError> {
        let (NetworkConfig::Mlp(config), ZooNetwork::Mlp(network)) = (config, network) else {
            return Ok(None);
        };
        if config.normalization != Normalization::None || config.skip != Skip::None {
            return Ok(None);
        }
        let layers = layers(config, network, inputs, taps, gradients)?;
        let (low, high, count) = CURVE;
        let z = |i| low + (high - low) * f64::from(i) / (count - 1) as f64;
        let curve = (0..count as u32).map(z);
        let curve = curve.map(|z| [z, config.activation.derivative(z)]).collect();
        Ok(layers.map(|layers| Self { curve, layers }))
    }
}

/// Returns the factors of all layers; `None` if the loss does not depend on one.
fn layers(
    config: &MlpConfig,
    network: &Mlp,
    inputs: &Tensor<2>,
    taps: &Taps,
    gradients: &Gradients,
) -> Result<Option<Vec<Factors>>, ExecutionError> {
    let mut below = inputs.clone().without_autodiff(); // [batch, units before]
    let mut layers = Vec::new();
    for (block, tap) in network.hidden.iter().zip(taps.tapped()) {
        let Some(gradient) = tap.gradient(gradients) else { return Ok(None) };
        let weight = block.linear.weight.val().without_autodiff(); // [units before, units]
        let mut z = below.matmul(weight.clone());
        if let Some(bias) = &block.linear.bias {
            z = z + bias.val().without_autodiff().unsqueeze();
        }
        let shape = z.dims();
        let z: Vec<f64> = z.try_into_data()?.iter::<f64>().collect();
        let gradient: Vec<f64> = gradient.try_into_data()?.iter::<f64>().collect();
        let slopes: Vec<f64> = z.iter().map(|z| config.activation.derivative(*z)).collect();
        // Scaled to 1, because what is left after many layers is too small for 32-bit numbers.
        let whole = norm(&gradient);
        let passed: Vec<f64> = gradient.iter().zip(&slopes).map(|(g, s)| g / whole * s).collect();
        let data = TensorData::new(passed.iter().map(|v| *v as f32).collect::<Vec<_>>(), shape);
        let before = Tensor::<2>::from_data(data, &weight.device()).matmul(weight.transpose());
        let before: Vec<f64> = before.try_into_data()?.iter::<f64>().collect();
        layers.push(Factors {
            slopes: norm(&passed),
            weights: norm(&before) / norm(&passed),
            units: points(&z, &slopes, shape[1]),
        });
        let activation = tap.activation();
        below = activation.reshape(shape);
    }
    Ok(Some(layers))
}

/// Returns the units of the first example, as exactly as a page can show them.
fn points(z: &[f64], slopes: &[f64], units: usize) -> Vec<[f64; 2]> {
    let rounded = |value: f64| (value * 1e4).round() / 1e4;
    let shown = z.iter().zip(slopes).take(units.min(UNITS));
    shown.map(|(z, slope)| [rounded(*z), rounded(*slope)]).collect()
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use crate::setup::{Layers, Setup};
    use crate::{Answer, look};
    use backdraft_layers::{Activation, Initializer};
    use backdraft_mlp::Skip;
    use burn::tensor::Device;

    fn seen(layers: Layers) -> Answer {
        look(&Setup::Layers(layers), &Device::flex()).unwrap()
    }

    #[test]
    fn the_factors_of_the_layers_multiply_to_the_gradient_that_is_measured() {
        for activation in
            [Activation::Sigmoid, Activation::Tanh, Activation::Relu, Activation::Gelu]
        {
            let answer = seen(Layers { activation, depth: 12, ..Default::default() });
            let product = answer.product.unwrap();
            assert_eq!(product.layers.len(), 12);
            for (layer, pair) in answer.places.windows(2).enumerate() {
                let factors = &product.layers[layer + 1];
                let measured = pair[0].gradient / pair[1].gradient;
                let ratio = factors.slopes * factors.weights / measured;
                assert!((ratio - 1.0).abs() < 1e-4, "{activation:?}, layer {layer}: {ratio}");
                assert_eq!(factors.units.len(), 64);
            }
        }
    }

    #[test]
    fn slopes_are_those_of_the_activation() {
        let of = |activation| {
            let initializer = Initializer::HeNormal;
            seen(Layers { activation, initializer, ..Default::default() }).product.unwrap()
        };
        assert!(of(Activation::Sigmoid).layers.iter().all(|layer| layer.slopes <= 0.25));
        let linear = of(Activation::Identity);
        assert!(linear.layers.iter().all(|layer| (layer.slopes - 1.0).abs() < 1e-6));
        let peak = of(Activation::Sigmoid).curve[60];
        assert_eq!(peak, [0.0, 0.25]);
    }

    #[test]
    fn layers_with_more_factors_have_no_product_of_two() {
        assert_eq!(seen(Layers { skip: Skip::Residual, ..Default::default() }).product, None);
    }
}
