//! How far signals, gradients and correlations reach into a random network.

use crate::activation::ScalarFunction;
use crate::correlation::SettledCorrelation;
use crate::mean_field::MeanField;
use crate::settling::Limit;

/// Numbers of layers over which perturbations shrink or grow by a factor e, once the variance has settled
/// at q*. Infinite if they do neither.
///
/// # Reference
///
/// Schoenholz, Gilmer, Ganguli, Sohl-Dickstein, "Deep information propagation", 2017, § 3 for ξ_q and
/// ξ_c, § 5 for the gradient's 1 / |ln χ₁|.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct DepthScales {
    /// q*, at which the variance of pre-activations settles.
    pub variance: f64,
    /// c*, at which the correlation of two inputs' pre-activations settles.
    pub correlation: f64,
    /// χ₁ at q*.
    pub chi: f64,
    /// ξ_∇ = 1 / |ln χ₁|: of the squared gradient.
    pub gradient: f64,
    /// ξ_c = −1 / ln [σw² E φ′(u₁) φ′(u₂)]: of the correlation of two inputs.
    pub correlation_depth: f64,
    /// ξ_q = −1 / ln [χ₁ + σw² E φ″ φ]: of the variance.
    pub variance_depth: f64,
}

/// Why a network has no depth scales.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Unsettled {
    /// Its variance goes to zero.
    #[error("The variance goes to zero, where χ = {chi:.3}, so there are no depth scales.")]
    Vanishes {
        /// χ₁ in the limit.
        chi: f64,
    },
    /// Its variance grows without bound.
    #[error(
        "The variance grows without bound, and χ goes to {chi:.3}, so there are no depth scales."
    )]
    Diverges {
        /// χ₁ in the limit.
        chi: f64,
    },
}

/// Variances far below and above every scale of the activations.
const ALMOST_ZERO: f64 = 1e-30;
const ALMOST_INFINITE: f64 = 1e30;
/// Step in ln q of the derivative of the length map.
const STEP: f64 = 2e-3;

impl<F: ScalarFunction> MeanField<F> {
    /// Computes the depth scales of signals that start with variance `q`.
    ///
    /// # Errors
    ///
    /// [`Unsettled`] if their variance settles nowhere, or at zero.
    pub fn depth_scales(&self, q: f64) -> Result<DepthScales, Unsettled> {
        let q = match self.limit(q) {
            Limit::Settles(q) => q,
            Limit::Vanishes => return Err(Unsettled::Vanishes { chi: self.chi(ALMOST_ZERO) }),
            Limit::Diverges => return Err(Unsettled::Diverges { chi: self.chi(ALMOST_INFINITE) }),
        };
        let chi = self.chi(q);
        let SettledCorrelation { correlation, slope } = self.settled_correlation(q);
        Ok(DepthScales {
            variance: q,
            correlation,
            chi,
            gradient: scale(chi),
            correlation_depth: scale(slope),
            variance_depth: scale(self.length_slope(q).abs()),
        })
    }

    /// Returns the slope of the length map at its fixed point, χ₁ + σw² E φ″ φ by Stein's lemma, as a
    /// difference of ln q′ by ln q that needs no φ″ (four points, fourth order).
    fn length_slope(&self, q: f64) -> f64 {
        let at = |step: f64| self.next_variance(q * step.exp()).ln();
        let difference = |step: f64| at(step) - at(-step);
        (8.0 * difference(STEP) - difference(2.0 * STEP)) / (12.0 * STEP)
    }
}

/// Returns the number of layers over which powers of `factor` change by e.
fn scale(factor: f64) -> f64 {
    match factor.ln().abs() {
        log if log < 1e-11 => f64::INFINITY,
        log => 1.0 / log,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::close;
    use backdraft_spec::Activation::{Relu, Tanh};

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
    fn depth_scales_near_criticality_are_right() {
        // Found by iterating the correlation map until it came to rest.
        let scales = MeanField::new(Tanh, 1.05, 0.0).depth_scales(1.05).unwrap();
        assert_eq!(scales.correlation, 0.0);
        close(scales.correlation_depth, 2661.0, 1e-3);
        let scales = MeanField::new(Tanh, 2.0, 0.1).depth_scales(2.1).unwrap();
        close(scales.correlation_depth, 336.0, 2e-3);
        // Close to criticality ξ_c approaches 1 / (χ₁ − 1), like ξ_∇.
        for bias_variance in [0.05, 0.3] {
            let critical = crate::critical_weight_variance(Tanh, bias_variance).unwrap();
            for distance in [1e-4, 1e-6] {
                let field = MeanField::new(Tanh, critical * (1.0 + distance), bias_variance);
                let scales = field.depth_scales(1.0).unwrap();
                close(scales.correlation_depth * (scales.chi - 1.0), 1.0, 1e-2);
                assert!(scales.correlation < 1.0 && scales.correlation > 0.99);
            }
        }
    }

    #[test]
    fn the_slope_of_the_length_map_is_that_of_steins_lemma() {
        // φ″ = −2 tanh (1 − tanh²)
        let field = MeanField::new(Tanh, 2.25, 0.1);
        let scales = field.depth_scales(1.0).unwrap();
        let bend = field.mean(scales.variance, |tanh, slope| -2.0 * tanh * slope * tanh);
        close(scales.variance_depth, -1.0 / (scales.chi + 2.25 * bend).ln(), 1e-9);
    }

    #[test]
    fn a_variance_that_settles_nowhere_has_no_scales_and_says_where_it_goes() {
        let refused =
            |variance, bias| MeanField::new(Relu, variance, bias).depth_scales(1.0).unwrap_err();
        assert!(
            matches!(refused(3.0, 0.0), Unsettled::Diverges { chi } if (chi - 1.5).abs() < 1e-9)
        );
        assert!(
            matches!(refused(2.0, 0.1), Unsettled::Diverges { chi } if (chi - 1.0).abs() < 1e-9)
        );
        assert!(
            matches!(refused(1.0, 0.0), Unsettled::Vanishes { chi } if (chi - 0.5).abs() < 1e-9)
        );
        assert!(refused(1.0, 0.0).to_string().contains("goes to zero, where χ = 0.500"));
    }
}
