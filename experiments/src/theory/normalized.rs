//! Gradients through normalised layers at initialisation.

use super::activation::ScalarActivation;
use super::quadrature::gaussian_mean;

/// Returns the factor of the squared gradient norm per layer of φ(BN(W x)), on the way to the input,
/// for wide layers and a large batch: E φ′(z)² / Var φ(z), whatever the variance of the weights.
///
/// For ReLU it is π / (π − 1) ≈ 1.467.
///
/// # Reference
///
/// Yang, Pennington, Rao, Sohl-Dickstein, Schoenholz, "A mean field theory of batch normalization",
/// 2019, § 4.
pub fn batch_norm_chi(activation: ScalarActivation) -> f64 {
    let mean = gaussian_mean(|z| activation.value(z));
    let square = gaussian_mean(|z| activation.value(z).powi(2));
    gaussian_mean(|z| activation.derivative(z).powi(2)) / (square - mean * mean)
}

/// Returns the same for φ(LN(W x)): E φ′(z)² / E φ(z)², because layer normalisation divides by the
/// norm of a sum over units whose weights have no mean.
pub fn layer_norm_chi(activation: ScalarActivation) -> f64 {
    let square = gaussian_mean(|z| activation.value(z).powi(2));
    gaussian_mean(|z| activation.derivative(z).powi(2)) / square
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relu_has_its_closed_forms() {
        let pi = std::f64::consts::PI;
        assert!((batch_norm_chi(ScalarActivation::Relu) - pi / (pi - 1.0)).abs() < 1e-4);
        assert!((layer_norm_chi(ScalarActivation::Relu) - 1.0).abs() < 1e-9);
        assert!((batch_norm_chi(ScalarActivation::Identity) - 1.0).abs() < 1e-9);
    }
}
