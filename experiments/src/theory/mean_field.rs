//! Signal and gradient in a random network of infinite width.

use super::activation::ScalarActivation;
use super::quadrature::gaussian_mean;

/// A fully connected network with weights of variance σw² / fan-in and biases of variance σb².
///
/// In the limit of wide layers the pre-activations of a layer are Gaussian with variance q, which
/// obeys q ← σw² E φ(√q z)² + σb², and the squared norm of the gradient with respect to them
/// shrinks by χ(q) = σw² E φ′(√q z)² from each layer to the one before it.
///
/// # Reference
///
/// Poole, Lahiri, Raghu, Sohl-Dickstein, Ganguli, "Exponential expressivity in deep neural networks
/// through transient chaos", 2016, § 2; Schoenholz, Gilmer, Ganguli, Sohl-Dickstein, "Deep
/// information propagation", 2017, § 4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanField {
    activation: ScalarActivation,
    weight_variance: f64,
    bias_variance: f64,
}

/// The length map contracts by a fixed share per step for every activation here, except at
/// criticality, where it is stopped.
const MAX_ITERATIONS: usize = 10_000;

impl MeanField {
    /// Creates the network's theory from σw² and σb².
    pub fn new(activation: ScalarActivation, weight_variance: f64, bias_variance: f64) -> Self {
        Self { activation, weight_variance, bias_variance }
    }

    /// Returns the variance of the next layer's pre-activations.
    pub fn next_variance(&self, q: f64) -> f64 {
        let square = match self.activation.slope_below_zero() {
            Some(slope) => q * (1.0 + slope * slope) / 2.0,
            None => gaussian_mean(|z| self.activation.value(q.sqrt() * z).powi(2)),
        };
        self.weight_variance * square + self.bias_variance
    }

    /// Returns χ: the factor of the squared gradient norm per layer, on the way to the input.
    pub fn chi(&self, q: f64) -> f64 {
        let square = match self.activation.slope_below_zero() {
            Some(slope) => (1.0 + slope * slope) / 2.0,
            None => gaussian_mean(|z| self.activation.derivative(q.sqrt() * z).powi(2)),
        };
        self.weight_variance * square
    }

    /// Returns √χ: the factor of the gradient norm itself.
    pub fn gradient_norm_factor(&self, q: f64) -> f64 {
        self.chi(q).sqrt()
    }

    /// Iterates over ln √χ from layer to layer: of ‖∂L/∂h_l‖ / ‖∂L/∂h_(l+1)‖ for l from the first
    /// hidden layer, whose pre-activations have variance `q`.
    pub fn log_factors(self, mut q: f64) -> impl Iterator<Item = f64> {
        std::iter::repeat_with(move || {
            q = self.next_variance(q);
            0.5 * self.chi(q).ln()
        })
    }

    /// Returns the variance that the pre-activations settle at with depth, starting from `q`.
    pub fn fixed_point(&self, mut q: f64) -> f64 {
        for _ in 0..MAX_ITERATIONS {
            let next = self.next_variance(q);
            if (next - q).abs() <= 1e-14 * q {
                return next;
            }
            q = next;
        }
        q
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ScalarActivation::{Erf, Identity, LeakyRelu, Relu, Sigmoid, Tanh};

    fn close(value: f64, expected: f64, tolerance: f64) {
        assert!((value / expected - 1.0).abs() < tolerance, "{value} is not {expected}");
    }

    #[test]
    fn piecewise_linear_activations_have_their_closed_forms() {
        close(MeanField::new(Identity, 0.7, 0.0).chi(3.0), 0.7, 1e-12);
        close(MeanField::new(Relu, 2.0, 0.0).chi(3.0), 1.0, 1e-12); // He et al. 2015, eq. 10
        close(MeanField::new(Relu, 1.0, 0.1).next_variance(3.0), 1.6, 1e-12);
        close(MeanField::new(LeakyRelu, 1.0, 0.0).chi(1.0), 0.50005, 1e-12);
    }

    #[test]
    fn quadrature_agrees_with_the_closed_forms_of_erf() {
        // Williams, "Computing with infinite networks", 1997.
        for q in [0.1f64, 1.0, 5.0] {
            let field = MeanField::new(Erf, 1.7, 0.0);
            let square = std::f64::consts::FRAC_2_PI * (2.0 * q / (1.0 + 2.0 * q)).asin();
            close(field.next_variance(q), 1.7 * square, 1e-8);
            let slope = 4.0 / (std::f64::consts::PI * (1.0 + 4.0 * q).sqrt());
            close(field.chi(q), 1.7 * slope, 1e-8);
        }
    }

    #[test]
    fn sigmoid_under_xavier_shrinks_gradients_to_0_236_per_layer() {
        let field = MeanField::new(Sigmoid, 1.0, 0.0);
        let q = field.fixed_point(1.0);
        close(q, 0.264_69, 1e-4);
        close(field.chi(q), 0.055_72, 1e-3);
        close(field.gradient_norm_factor(q), 0.2361, 1e-3);
    }

    #[test]
    fn selu_keeps_unit_variance_and_lets_gradients_grow() {
        let field = MeanField::new(ScalarActivation::Selu, 1.0, 0.0);
        close(field.next_variance(1.0), 1.0, 1e-4); // Klambauer et al. 2017: a fixed point
        close(field.chi(1.0), 1.071_57, 1e-3);
    }

    #[test]
    fn tanh_is_critical_at_unit_weight_variance_and_chaotic_above() {
        assert!((MeanField::new(Tanh, 1.0, 0.0).chi(1e-12) - 1.0).abs() < 1e-9);
        let field = MeanField::new(Tanh, 2.25, 0.0);
        let q = field.fixed_point(1.0);
        close(q, 0.793, 1e-3);
        close(field.chi(q), 1.139, 1e-3);
    }
}
