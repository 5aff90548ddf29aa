//! Signal and gradient in a random network of infinite width.

use backdraft_spec::Activation;

use crate::activation::ScalarFunction;
use crate::quadrature::Panels;

/// A fully connected network with weights of variance σw² / fan-in and biases of variance σb².
///
/// In the limit of wide layers the pre-activations of a layer are Gaussian with variance q, which
/// obeys q ← σw² E φ(√q z)² + σb², and the squared norm of the gradient with respect to them
/// shrinks by χ(q) = σw² E φ′(√q z)² from each layer to the one before it.
///
/// # Reference
///
/// Poole, Lahiri, Raghu, Sohl-Dickstein, Ganguli, "Exponential expressivity in deep neural networks
/// through transient chaos", 2016, § 2 (eq. 3 and the stretching factor χ₁); Schoenholz, Gilmer,
/// Ganguli, Sohl-Dickstein, "Deep information propagation", 2017.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanField<F = Activation> {
    activation: F,
    weight_variance: f64,
    bias_variance: f64,
}

/// Variances beyond which χ no longer changes.
const RANGE: (f64, f64) = (1e-300, 1e300);

impl<F: ScalarFunction> MeanField<F> {
    /// Creates the network's theory from σw² and σb².
    pub fn new(activation: F, weight_variance: f64, bias_variance: f64) -> Self {
        Self { activation, weight_variance, bias_variance }
    }

    /// Returns φ.
    pub fn activation(&self) -> &F {
        &self.activation
    }

    /// Returns σw².
    pub fn weight_variance(&self) -> f64 {
        self.weight_variance
    }

    /// Returns σb².
    pub fn bias_variance(&self) -> f64 {
        self.bias_variance
    }

    /// Returns E f(φ(√q z), φ′(√q z)) over a standard normal z.
    pub(crate) fn mean(&self, q: f64, f: impl Fn(f64, f64) -> f64) -> f64 {
        self.mean_with(q, |_, value, slope| f(value, slope))
    }

    /// Returns E f(z, φ(√q z), φ′(√q z)).
    pub(crate) fn mean_with(&self, q: f64, f: impl Fn(f64, f64, f64) -> f64) -> f64 {
        self.mean_at(q, |z, x| f(z, self.activation.value(x), self.activation.derivative(x)))
    }

    /// Returns E f(z, √q z) for an `f` that has the activation's kinks.
    fn mean_at(&self, q: f64, f: impl Fn(f64, f64) -> f64) -> f64 {
        let scale = q.clamp(RANGE.0, RANGE.1).sqrt();
        let kinks = self.activation.kinks().iter().map(|kink| kink / scale);
        // Activations vary over lengths of 1, which is 1 / √q of z.
        Panels::fine().ending_at(kinks).refined(0.0, 1.0 / scale).mean(|z| f(z, scale * z))
    }

    /// Returns the variance of the next layer's pre-activations; 0 or infinite where it leaves the range
    /// of `f64`.
    pub fn next_variance(&self, q: f64) -> f64 {
        let square = self.mean_at(q, |_, x| self.activation.value(x).powi(2));
        let square = match q {
            _ if q < RANGE.0 => self.activation.value(0.0).powi(2),
            // Of an activation that grows without bound.
            _ if q > RANGE.1 && square > 1.0 / RANGE.0.sqrt() => f64::INFINITY,
            _ => square,
        };
        self.weight_variance * square + self.bias_variance
    }

    /// Returns E φ(√q z), the mean of the activations.
    pub fn mean_value(&self, q: f64) -> f64 {
        self.mean_at(q, |_, x| self.activation.value(x))
    }

    /// Returns χ: the factor of the squared gradient norm per layer, on the way to the input.
    pub fn chi(&self, q: f64) -> f64 {
        self.weight_variance * self.mean_at(q, |_, x| self.activation.derivative(x).powi(2))
    }

    /// Returns √χ: the factor of the gradient norm itself.
    pub fn gradient_norm_factor(&self, q: f64) -> f64 {
        self.chi(q).sqrt()
    }

    /// Iterates over the variances of the pre-activations, layer by layer from `q` in the first.
    pub fn variances(&self, q: f64) -> impl Iterator<Item = f64> {
        std::iter::successors(Some(q), |q| Some(self.next_variance(*q)))
    }

    /// Iterates over ln √χ from layer to layer: of ‖∂L/∂h_l‖ / ‖∂L/∂h_(l+1)‖ for l from the first
    /// hidden layer, whose pre-activations have variance `q`.
    pub fn log_factors(&self, q: f64) -> impl Iterator<Item = f64> {
        self.variances(q).skip(1).map(|q| 0.5 * self.chi(q).ln())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Erf, close};
    use Activation::{Identity, LeakyRelu, Relu, Selu, Sigmoid, Softsign, Tanh};
    use libm::erf;

    #[test]
    fn piecewise_linear_activations_have_their_closed_forms() {
        close(MeanField::new(Identity, 0.7, 0.0).chi(3.0), 0.7, 1e-12);
        close(MeanField::new(Relu, 2.0, 0.0).chi(3.0), 1.0, 1e-12); // He et al. 2015, eq. 10
        close(MeanField::new(Relu, 1.0, 0.1).next_variance(3.0), 1.6, 1e-12);
        close(MeanField::new(LeakyRelu, 1.0, 0.0).chi(1.0), 0.50005, 1e-12);
        let hard = MeanField::new(Activation::HardTanh, 1.0, 0.0);
        close(hard.chi(4.0), erf(0.5 / std::f64::consts::SQRT_2), 1e-10); // P(|2 z| < 1)
    }

    #[test]
    fn quadrature_agrees_with_the_closed_forms_of_erf_from_1e_minus_12_to_1e12() {
        // Williams, "Computing with infinite networks", 1997.
        for q in (-12..=12).map(|power| 10f64.powi(power)) {
            let field = MeanField::new(Erf, 1.7, 0.0);
            let square = std::f64::consts::FRAC_2_PI * (2.0 * q / (1.0 + 2.0 * q)).asin();
            close(field.next_variance(q), 1.7 * square, 1e-10);
            let slope = 4.0 / (std::f64::consts::PI * (1.0 + 4.0 * q).sqrt());
            close(field.chi(q), 1.7 * slope, 1e-10);
        }
    }

    #[test]
    fn steep_networks_have_the_chi_of_their_bends() {
        // √(2/π) / √q · ½ ∫ φ′² dx, to relative order 1/q: 4/3 for tanh, 2/3 for softsign.
        for (activation, integral) in
            [(Tanh, 4.0 / 3.0), (Softsign, 2.0 / 3.0), (Sigmoid, 1.0 / 6.0)]
        {
            for q in [1e8, 1e10, 1e12] {
                let chi = integral / (std::f64::consts::TAU * q).sqrt();
                close(MeanField::new(activation, 1.0, 0.0).chi(q), chi, 1e-5);
            }
        }
        let field = MeanField::new(Tanh, 1e6, 0.0);
        close(field.chi(field.fixed_point(1.0)), 532.0, 1e-2);
    }

    #[test]
    fn what_leaves_the_range_of_f64_is_zero_or_infinite_and_keeps_its_chi() {
        for (weight_variance, expected) in [(1e6, f64::INFINITY), (1e-6, 0.0)] {
            let field = MeanField::new(Relu, weight_variance, 0.0);
            let last = field.variances(1.0).nth(10_000).unwrap();
            assert_eq!(last, expected);
            close(field.chi(last), weight_variance / 2.0, 1e-12);
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
        let field = MeanField::new(Selu, 1.0, 0.0);
        close(field.next_variance(1.0), 1.0, 1e-9); // Klambauer et al. 2017: a fixed point
        close(field.chi(1.0), 1.071_57, 1e-5);
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
