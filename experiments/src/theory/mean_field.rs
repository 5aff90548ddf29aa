//! Signal and gradient in a random network of infinite width.

use backdraft_layers::Activation;

use super::activation::ScalarFunction;
use super::quadrature::{COARSE, gaussian_mean_between, gaussian_mean_on};

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

/// The length map contracts by a fixed share per step for every activation here, except at
/// criticality, where it is stopped.
const MAX_ITERATIONS: usize = 10_000;

/// Beyond it an activation is what it is at 0 or at infinity, and χ changes no more.
const RANGE: (f64, f64) = (1e-70, 1e70);

impl<F: ScalarFunction> MeanField<F> {
    /// Creates the network's theory from σw² and σb².
    pub fn new(activation: F, weight_variance: f64, bias_variance: f64) -> Self {
        Self { activation, weight_variance, bias_variance }
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
    pub(super) fn mean(&self, q: f64, f: impl Fn(f64, f64) -> f64) -> f64 {
        self.mean_with(q, |_, value, slope| f(value, slope))
    }

    /// Returns E f(z, φ(√q z), φ′(√q z)).
    pub(super) fn mean_with(&self, q: f64, f: impl Fn(f64, f64, f64) -> f64) -> f64 {
        let scale = q.sqrt();
        let kinks: Vec<f64> = self.activation.kinks().iter().map(|kink| kink / scale).collect();
        gaussian_mean_between(&kinks, |z| {
            let x = scale * z;
            f(z, self.activation.value(x), self.activation.derivative(x))
        })
    }

    /// Returns the mean of a function of two pre-activations of variance q and correlation c.
    pub(super) fn mean_of_two(&self, q: f64, c: f64, f: impl Fn(&F, f64, f64) -> f64) -> f64 {
        let (scale, rest) = (q.sqrt(), (1.0 - c * c).max(0.0).sqrt());
        let kinks = self.activation.kinks();
        let outer: Vec<f64> = kinks.iter().map(|kink| kink / scale).collect();
        gaussian_mean_on(COARSE, &outer, |first| {
            // Where the second pre-activation bends, 0 being the one that has no name.
            let at = |kink: f64| (kink / scale - c * first) / rest;
            let inner: Vec<f64> =
                kinks.iter().copied().chain([0.0]).map(at).filter(|z| z.is_finite()).collect();
            gaussian_mean_on(COARSE, &inner, |second| {
                f(&self.activation, scale * first, scale * (c * first + rest * second))
            })
        })
    }

    /// Returns the variance of the next layer's pre-activations, kept within what can be squared twice.
    pub fn next_variance(&self, q: f64) -> f64 {
        let square = self.mean(q, |value, _| value * value);
        (self.weight_variance * square + self.bias_variance).clamp(RANGE.0, RANGE.1)
    }

    /// Returns χ: the factor of the squared gradient norm per layer, on the way to the input.
    pub fn chi(&self, q: f64) -> f64 {
        self.weight_variance * self.mean(q, |_, slope| slope * slope)
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
    use Activation::{Identity, LeakyRelu, Relu, Selu, Sigmoid, Tanh};
    use statrs::function::erf::erf;

    /// The error function, for which closed forms are known.
    struct Erf;

    impl ScalarFunction for Erf {
        fn value(&self, x: f64) -> f64 {
            erf(x)
        }

        fn derivative(&self, x: f64) -> f64 {
            2.0 / std::f64::consts::PI.sqrt() * (-x * x).exp()
        }
    }

    fn close(value: f64, expected: f64, tolerance: f64) {
        assert!((value / expected - 1.0).abs() < tolerance, "{value} is not {expected}");
    }

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
    fn quadrature_agrees_with_the_closed_forms_of_erf() {
        // Williams, "Computing with infinite networks", 1997.
        for q in [0.1f64, 1.0, 5.0] {
            let field = MeanField::new(Erf, 1.7, 0.0);
            let square = std::f64::consts::FRAC_2_PI * (2.0 * q / (1.0 + 2.0 * q)).asin();
            close(field.next_variance(q), 1.7 * square, 1e-8);
            let slope = 4.0 / (std::f64::consts::PI * (1.0 + 4.0 * q).sqrt());
            close(field.chi(q), 1.7 * slope, 1e-8);
            // Of two pre-activations with correlation 0.3.
            let product = field.mean_of_two(q, 0.3, |phi, x, y| phi.value(x) * phi.value(y));
            let angle = (2.0 * 0.3 * q / (1.0 + 2.0 * q)).asin();
            close(product, std::f64::consts::FRAC_2_PI * angle, 1e-8);
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
