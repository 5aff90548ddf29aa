//! How far signal, gradient and likeness reach into a random network.

use super::activation::ScalarFunction;
use super::mean_field::MeanField;

/// Depths over which perturbations die out or grow by e, where the variance has settled at q*.
///
/// A scale is infinite where nothing dies out.
///
/// # Reference
///
/// Schoenholz, Gilmer, Ganguli, Sohl-Dickstein, "Deep information propagation", 2017, § 3 for ξ_q and
/// ξ_c, § 5 for the gradient's 1 / |ln χ₁|.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct DepthScales {
    /// q*, the variance that pre-activations settle at.
    pub variance: f64,
    /// c*, the correlation that the pre-activations of two different inputs settle at.
    pub correlation: f64,
    /// χ₁ at q*.
    pub chi: f64,
    /// ξ_∇ = 1 / |ln χ₁|: of the squared gradient.
    pub gradient: f64,
    /// ξ_c = −1 / ln [σw² E φ′(u₁) φ′(u₂)]: of the correlation between two inputs.
    pub correlation_depth: f64,
    /// ξ_q = −1 / ln [χ₁ + σw² E φ″ φ]: of the variance.
    pub variance_depth: f64,
}

/// Correlation maps contract slowly near criticality, where they are stopped.
const MAX_ITERATIONS: usize = 400;

impl<F: ScalarFunction> MeanField<F> {
    /// Returns the covariance of the next layer's pre-activations for two inputs whose
    /// pre-activations have variance `q` and correlation `c` (Poole et al. 2016, eq. 5).
    pub fn next_covariance(&self, q: f64, c: f64) -> f64 {
        let product = self.mean_of_two(q, c, |phi, x, y| phi.value(x) * phi.value(y));
        self.weight_variance() * product + self.bias_variance()
    }

    /// Returns the factor per layer of the inner product of two inputs' gradients: χ₁ at c = 1.
    pub fn chi_between(&self, q: f64, c: f64) -> f64 {
        let product = self.mean_of_two(q, c, |phi, x, y| phi.derivative(x) * phi.derivative(y));
        self.weight_variance() * product
    }

    /// Computes the depth scales of signals that start with variance `q`; `None` if their variance
    /// settles nowhere, or at zero.
    pub fn depth_scales(&self, q: f64) -> Option<DepthScales> {
        let q = self.fixed_point(q);
        // At criticality it goes to zero more slowly than any exponential.
        let has_settled = (self.next_variance(q) / q - 1.0).abs() < 1e-6;
        if !has_settled || !(1e-12..1e12).contains(&q) {
            return None;
        }
        let chi = self.chi(q);
        let correlation = self.fixed_correlation(q, chi);
        let between = if correlation == 1.0 { chi } else { self.chi_between(q, correlation) };
        // By Stein's lemma the slope of the length map is χ₁ + σw² E φ″ φ; so φ″ is not needed.
        let step = 1e-4 * q;
        let slope = (self.next_variance(q + step) - self.next_variance(q - step)) / (2.0 * step);
        let scale = |factor: f64| match factor.ln().abs() {
            log if log < 1e-9 => f64::INFINITY,
            log => 1.0 / log,
        };
        Some(DepthScales {
            variance: q,
            correlation,
            chi,
            gradient: scale(chi),
            correlation_depth: scale(between),
            variance_depth: scale(slope.abs()),
        })
    }

    /// The stable fixed point of the correlation map: 1 unless χ₁ > 1 drives inputs apart.
    fn fixed_correlation(&self, q: f64, chi: f64) -> f64 {
        if chi <= 1.0 + 1e-9 {
            return 1.0;
        }
        let mut c = 0.5;
        for _ in 0..MAX_ITERATIONS {
            let next = self.next_covariance(q, c) / q;
            if (next - c).abs() < 1e-10 {
                return next;
            }
            c = next;
        }
        c
    }

    /// Returns, for two inputs of variance `q` and correlation `c`, the correlation of their gradients
    /// with respect to the first layer's pre-activations in nets of 1, 2, … `depth` layers: the product
    /// of E φ′(u₁) φ′(u₂) / E φ′(u)² along the layers.
    ///
    /// # Reference
    ///
    /// For ReLU the product of 1 − θ_l / π: Cho & Saul, "Kernel methods for deep learning", 2009, eq. 6
    /// with n = 0. Balduzzi et al., "The shattered gradients problem", 2017, put 2^−L in its place.
    pub fn gradient_correlations(&self, mut q: f64, mut c: f64, depth: usize) -> Vec<f64> {
        let mut correlation = 1.0;
        let step = |_| {
            correlation *= self.chi_between(q, c) / self.chi(q);
            let next = self.next_variance(q);
            c = (self.next_covariance(q, c) / next).clamp(-1.0, 1.0);
            q = next;
            correlation
        };
        (0..depth).map(step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_layers::Activation::{Relu, Tanh};

    fn close(value: f64, expected: f64, tolerance: f64) {
        assert!((value / expected - 1.0).abs() < tolerance, "{value} is not {expected}");
    }

    #[test]
    fn in_the_ordered_phase_inputs_become_alike_as_fast_as_gradients_vanish() {
        let scales = MeanField::new(Tanh, 1.5, 0.3).depth_scales(1.0).unwrap();
        assert!(scales.chi < 1.0 && scales.correlation == 1.0);
        assert_eq!(scales.gradient, scales.correlation_depth);
    }

    #[test]
    fn in_the_chaotic_phase_inputs_drift_apart() {
        let scales = MeanField::new(Tanh, 4.0, 0.0).depth_scales(1.0).unwrap();
        close(scales.variance, 2.1215, 1e-3);
        close(scales.chi, 1.3627, 1e-3);
        assert!(scales.correlation.abs() < 1e-6, "without biases inputs become orthogonal");
        // Of tanh, odd: E φ′ φ′ at c = 0 is (E φ′)², and the map is odd in c.
        let slope = MeanField::new(Tanh, 4.0, 0.0).mean(scales.variance, |_, slope| slope);
        close(scales.correlation_depth, -1.0 / (4.0 * slope * slope).ln(), 1e-6);
    }

    #[test]
    fn the_slope_of_the_length_map_is_that_of_steins_lemma() {
        // φ″ = −2 tanh (1 − tanh²)
        let field = MeanField::new(Tanh, 2.25, 0.1);
        let scales = field.depth_scales(1.0).unwrap();
        let bend = field.mean(scales.variance, |tanh, slope| -2.0 * tanh * slope * tanh);
        close(scales.variance_depth, -1.0 / (scales.chi + 2.25 * bend).ln(), 1e-6);
    }

    #[test]
    fn relu_gradients_shatter_by_the_angle_of_their_inputs() {
        let field = MeanField::new(Relu, 2.0, 0.0);
        let correlations = field.gradient_correlations(1.0, 0.0, 20);
        let mut angle = std::f64::consts::FRAC_PI_2;
        let mut expected = 1.0;
        for correlation in &correlations {
            let pi = std::f64::consts::PI;
            expected *= 1.0 - angle / pi;
            close(*correlation, expected, 1e-4);
            angle = ((angle.sin() + (pi - angle) * angle.cos()) / pi).acos();
        }
        close(correlations[4], 0.1046, 2e-3);
        close(correlations[19], 0.0082, 1e-2);
    }

    #[test]
    fn a_variance_that_settles_nowhere_has_no_scales() {
        assert_eq!(MeanField::new(Relu, 3.0, 0.0).depth_scales(1.0), None);
        assert_eq!(MeanField::new(Relu, 1.0, 0.0).depth_scales(1.0), None, "it goes to zero");
    }
}
