//! Correlations between two inputs in a random network of infinite width.

use crate::activation::ScalarFunction;
use crate::mean_field::MeanField;
use crate::quadrature::Panels;
use crate::roots::zero;

/// The correlation that two inputs settle at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SettledCorrelation {
    /// c*.
    pub(crate) correlation: f64,
    /// The slope of the correlation map there: the factor per layer of a small distance from c*.
    pub(crate) slope: f64,
}

/// Distance from 1 at which χ₁ counts as 1.
const ROUNDING: f64 = 1e-12;

impl<F: ScalarFunction> MeanField<F> {
    /// Returns the mean of a function of two pre-activations of variance q and correlation 1 − t.
    fn mean_of_two(&self, q: f64, t: f64, f: impl Fn(&F, f64, f64) -> f64) -> f64 {
        let (scale, rest) = (q.sqrt(), (t * (2.0 - t)).max(0.0).sqrt());
        let kinks: Vec<f64> =
            self.activation().kinks().iter().chain(&[0.0]).map(|kink| kink / scale).collect();
        // Averaging over the independent part of the second pre-activation smooths its kinks over the
        // standard deviation of that part.
        let ends = kinks.iter().flat_map(|kink| [*kink, -*kink]);
        let outer = kinks.iter().fold(Panels::coarse().ending_at(ends), |panels, kink| {
            panels.refined(*kink, rest).refined(-*kink, rest)
        });
        outer.refined(0.0, 1.0 / scale).mean(|first| {
            let at = |kink: f64| (kink - (1.0 - t) * first) / rest;
            let panels = Panels::coarse().ending_at(kinks.iter().map(|kink| at(*kink)));
            panels.refined(at(0.0), 1.0 / (scale * rest)).mean(|second| {
                // Not by subtracting 1 − t from 1, which would cost nearly equal inputs their digits.
                let apart = rest * second - t * first;
                f(self.activation(), scale * first, scale * (first + apart))
            })
        })
    }

    /// Returns the covariance of the next layer's pre-activations for two inputs whose
    /// pre-activations have variance `q` and correlation `c` (Poole et al. 2016, eq. 5).
    pub fn next_covariance(&self, q: f64, c: f64) -> f64 {
        self.next_variance(q) - self.next_half_distance(q, 1.0 - c)
    }

    /// Returns σw² E (φ(u₁) − φ(u₂))² / 2 for pre-activations of correlation 1 − t: the next variance minus
    /// the next covariance, without the cancellation.
    fn next_half_distance(&self, q: f64, t: f64) -> f64 {
        let apart = |phi: &F, x: f64, y: f64| (phi.value(x) - phi.value(y)).powi(2);
        0.5 * self.weight_variance() * self.mean_of_two(q, t, apart)
    }

    /// Returns the factor per layer of the inner product of two inputs' gradients: χ₁ at c = 1.
    pub fn chi_between(&self, q: f64, c: f64) -> f64 {
        let product = |phi: &F, x: f64, y: f64| phi.derivative(x) * phi.derivative(y);
        self.weight_variance() * self.mean_of_two(q, 1.0 - c, product)
    }

    /// Returns the limit of the correlation of two inputs whose variance has settled at `q`.
    ///
    /// The coefficients of the correlation map in powers of c are not negative, so it is convex for c ≥ 0.
    /// If its slope at 1, χ₁, is at most 1, then c = 1 is the only fixed point; if it is larger, there is
    /// exactly one other, and that is the stable one.
    pub(crate) fn settled_correlation(&self, q: f64) -> SettledCorrelation {
        let chi = self.chi(q);
        let has_jumps = self.has_jumps();
        // A jump of φ makes the slope at 1 infinite: however similar, two inputs may fall on either side.
        if chi <= 1.0 + ROUNDING && !has_jumps {
            return SettledCorrelation { correlation: 1.0, slope: chi };
        }
        // The slope of the map's chord from c = 1 − t to 1, less 1: zero at the fixed point.
        let chord = |ln_t: f64| self.next_half_distance(q, ln_t.exp()) / (q * ln_t.exp()) - 1.0;
        // For an odd function without biases, inputs become orthogonal.
        let is_centred = chord(0.0).abs() < ROUNDING;
        let mut near = -0.35;
        while !is_centred && chord(near) < 0.0 && near > FARTHEST {
            near *= 1.6;
        }
        if near <= FARTHEST {
            return SettledCorrelation { correlation: 1.0, slope: chi };
        }
        let t = if is_centred { 1.0 } else { zero(chord, near, 0.0).exp() };
        let slope = if has_jumps {
            let step = 1e-3 * t;
            let distances = [t - step, t + step].map(|t| self.next_half_distance(q, t));
            (distances[1] - distances[0]) / (2.0 * step * q)
        } else {
            self.chi_between(q, 1.0 - t)
        };
        SettledCorrelation { correlation: 1.0 - t, slope }
    }

    /// Tells whether φ itself jumps, not just its slope.
    fn has_jumps(&self) -> bool {
        let jumps = |kink: &f64| {
            let [below, above] =
                [1.0 - 1e-9, 1.0 + 1e-9].map(|by| self.activation().value(kink * by));
            (above - below).abs() > 1e-6
        };
        self.activation().kinks().iter().any(jumps)
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

/// ln of the smallest distance from 1 at which a fixed point is searched for.
const FARTHEST: f64 = -60.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Erf, close};
    use backdraft_spec::Activation::{self, HardShrink, Relu, Tanh};

    #[test]
    fn quadrature_agrees_with_the_closed_forms_of_erf() {
        // Williams, "Computing with infinite networks", 1997.
        for q in [1e-12, 1e-6, 0.1, 1.0, 5.0, 1e3, 1e6, 1e12] {
            for c in [-0.9, 0.0, 0.3, 0.99, 1.0 - 1e-6] {
                let field = MeanField::new(Erf, 1.7, 0.0);
                let angle = |c: f64| (2.0 * c * q / (1.0 + 2.0 * q)).asin();
                let product = std::f64::consts::FRAC_2_PI * angle(c);
                let error = (field.next_covariance(q, c) / 1.7 - product).abs();
                let square = std::f64::consts::FRAC_2_PI * angle(1.0);
                assert!(error < 1e-10 * square, "{q}, {c}: {error}");
                let slope = 4.0
                    / std::f64::consts::PI
                    / ((1.0 + 2.0 * q).powi(2) - (2.0 * c * q).powi(2)).sqrt();
                close(field.chi_between(q, c), 1.7 * slope, 1e-8);
            }
        }
    }

    #[test]
    fn inputs_that_are_almost_alike_keep_their_digits() {
        // Cho & Saul 2009, eq. 6 with n = 1: E φ φ = (sin θ + (π − θ) cos θ) / 2π, so that the half
        // distance is t / 2 − (sin θ − θ cos θ) / 2π.
        let field = MeanField::new(Relu, 1.0, 0.0);
        for t in [1e-3f64, 1e-6, 1e-9, 1e-12] {
            let angle = (2.0 * t).sqrt() * (1.0 + t / 12.0);
            let lost = (angle.powi(3) / 3.0 - angle.powi(5) / 30.0) / std::f64::consts::TAU;
            close(field.next_half_distance(1.0, t), 0.5 * t - lost, 1e-7);
        }
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
            close(*correlation, expected, 1e-9);
            angle = ((angle.sin() + (pi - angle) * angle.cos()) / pi).acos();
        }
        close(correlations[4], 0.1046, 2e-3);
        close(correlations[19], 0.0082, 1e-2);
    }

    #[test]
    fn a_settled_correlation_is_where_iteration_goes_and_its_slope_how_fast() {
        for activation in Activation::ALL {
            for (weight_variance, bias_variance) in [(1.5, 0.05), (4.0, 0.0), (4.0, 0.5)] {
                let field = MeanField::new(*activation, weight_variance, bias_variance);
                let q = field.fixed_point(weight_variance + bias_variance);
                if !(1e-6..1e6).contains(&q) {
                    continue;
                }
                let SettledCorrelation { correlation, slope } = field.settled_correlation(q);
                let next = |c: f64| field.next_covariance(q, c) / q;
                let told = format!("{activation:?} {weight_variance} {bias_variance}");
                assert!((next(correlation) - correlation).abs() < 1e-10, "{told}: {correlation}");
                let step = if correlation == 1.0 { 1e-6 } else { 1e-3 * (1.0 - correlation) };
                let measured = (next(correlation - step) - correlation) / -step;
                assert!((measured - slope).abs() < 0.02, "{told}: {slope}, {measured}");
            }
        }
    }

    #[test]
    fn a_jump_keeps_inputs_apart_although_gradients_vanish() {
        let field = MeanField::new(HardShrink, 0.5, 0.5);
        let q = field.fixed_point(1.0);
        assert!(field.chi(q) < 1.0);
        let settled = field.settled_correlation(q);
        assert!(settled.correlation < 0.995 && settled.slope < 1.0, "{settled:?}");
    }

    #[test]
    fn close_to_criticality_the_fixed_point_is_still_found() {
        // tanh without biases: the map is odd.
        let field = MeanField::new(Tanh, 1.05, 0.0);
        let settled = field.settled_correlation(field.fixed_point(1.0));
        assert_eq!(settled.correlation, 0.0);
    }
}
