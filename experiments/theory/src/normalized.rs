//! Gradients through normalised layers at initialisation.

use crate::activation::ScalarFunction;
use crate::quadrature::Panels;

fn mean(activation: &impl ScalarFunction, f: impl Fn(f64, f64) -> f64) -> f64 {
    let panels = Panels::fine().ending_at(activation.kinks().iter().copied());
    panels.mean(|z| f(activation.value(z), activation.derivative(z)))
}

/// Returns Var φ(z), which the batch normalisation of the next layer divides by.
fn variance(activation: &impl ScalarFunction) -> f64 {
    mean(activation, |value, _| value * value) - mean(activation, |value, _| value).powi(2)
}

fn squared_slope(activation: &impl ScalarFunction) -> f64 {
    mean(activation, |_, slope| slope * slope)
}

/// Returns the factor of the squared gradient norm per layer φ(BN(W x)), on the way to the input, for
/// wide layers and a large batch: E φ′(z)² / Var φ(z), for any variance of the weights.
///
/// For ReLU it is π / (π − 1) ≈ 1.467.
///
/// # Reference
///
/// Yang, Pennington, Rao, Sohl-Dickstein, Schoenholz, "A mean field theory of batch normalization",
/// 2019, § 4.
pub fn batch_norm_chi(activation: &impl ScalarFunction) -> f64 {
    squared_slope(activation) / variance(activation)
}

/// Returns the same for φ(LN(W x)): E φ′(z)² / E φ(z)², because layer normalisation divides by the
/// norm of a sum over units whose weights have no mean.
pub fn layer_norm_chi(activation: &impl ScalarFunction) -> f64 {
    squared_slope(activation) / mean(activation, |value, _| value * value)
}

/// Returns the factors of the squared gradient norm through each of `depth` residual layers
/// x + φ(BN(W x)), the first layer's first: 1 + E φ′(z)² / v_l, where v_1 = `entering` is the variance of
/// the first layer's input over the batch, and each layer adds Var φ(z).
///
/// The gradient therefore grows like a power of the depth, not exponentially.
///
/// # Reference
///
/// De & Smith, "Batch normalization biases residual blocks towards the identity function in deep
/// networks", 2020, § 3, for the variances; the gradient is that of Yang et al. 2019 with the identity
/// beside it.
pub fn batch_norm_residual_chi(
    activation: &impl ScalarFunction,
    entering: f64,
    depth: usize,
) -> Vec<f64> {
    let (added, slope) = (variance(activation), squared_slope(activation));
    (0..depth).map(|layer| 1.0 + slope / (entering + layer as f64 * added)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_spec::Activation::{Identity, Relu, Sigmoid};

    #[test]
    fn relu_and_linear_layers_have_their_closed_forms() {
        let pi = std::f64::consts::PI;
        assert!((batch_norm_chi(&Relu) - pi / (pi - 1.0)).abs() < 1e-9);
        assert!((layer_norm_chi(&Relu) - 1.0).abs() < 1e-9);
        assert!((batch_norm_chi(&Identity) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn batch_norm_takes_away_the_mean_that_layer_norm_leaves_to_sigmoid() {
        // NumPy's Gauss–Hermite with 200 nodes.
        assert!((batch_norm_chi(&Sigmoid) - 1.0336).abs() < 1e-3);
        assert!((layer_norm_chi(&Sigmoid) - 0.1528).abs() < 1e-3);
    }

    #[test]
    fn residual_linear_layers_gain_one_over_the_layer() {
        // 1 + 1 / (1 + l): the product telescopes to L + 1.
        let product: f64 = batch_norm_residual_chi(&Identity, 1.0, 50).iter().product();
        assert!((product - 51.0).abs() < 1e-6, "{product}");
    }
}
