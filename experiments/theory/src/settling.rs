//! The limit of the variance of pre-activations with depth.

use crate::activation::ScalarFunction;
use crate::mean_field::MeanField;
use crate::roots::{minimum, zero};

/// The limit of the variance of pre-activations with depth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// It settles at q*.
    Settles(f64),
    /// It goes to zero.
    Vanishes,
    /// It grows without bound.
    Diverges,
}

/// |ln q| at which the search for a fixed point ends.
const FARTHEST: f64 = 100.0;
/// Step of the search in ln q.
const STEP: f64 = 0.35;
/// A change of ln q per layer that may be rounding error.
const ROUNDING: f64 = 1e-14;

impl Limit {
    /// Returns q*, 0, or infinity.
    pub fn variance(self) -> f64 {
        match self {
            Self::Settles(q) => q,
            Self::Vanishes => 0.0,
            Self::Diverges => f64::INFINITY,
        }
    }
}

impl<F: ScalarFunction> MeanField<F> {
    /// Returns the limit of the variance, starting from `q`: q*, 0, or infinity.
    pub fn fixed_point(&self, q: f64) -> f64 {
        self.limit(q).variance()
    }

    /// Returns the limit of the variance, starting from `q`.
    ///
    /// The length map is increasing, so the limit is the nearest fixed point in the direction of the first
    /// change. It is bracketed and solved for, because near criticality iteration would take more than a
    /// hundred thousand layers.
    pub fn limit(&self, q: f64) -> Limit {
        let growth = |ln_q: f64| (self.next_variance(ln_q.exp()) / ln_q.exp()).ln();
        let start = q.ln();
        if start == f64::INFINITY {
            return Limit::Diverges;
        }
        let first = growth(start);
        if first.abs() <= ROUNDING {
            return Limit::Settles(q);
        }
        let (direction, end) =
            if first > 0.0 { (1.0, Limit::Diverges) } else { (-1.0, Limit::Vanishes) };
        // How fast ln q moves away from the start; zero at a fixed point.
        let speed = |ln_q: f64| direction * growth(ln_q);
        let mut behind = (start, first.abs());
        let (mut here, mut last) = (behind, start);
        // A start may lie beyond every scale; its fixed point is then behind it, or next to it.
        let reach = FARTHEST.max(direction * start + FARTHEST);
        while direction * last < reach {
            // Far from every scale of the activation the speed is constant, and steps may be longer.
            let is_steady = (here.1 - behind.1).abs() < 1e-6 * here.1;
            last += direction * STEP * if is_steady { 8.0 } else { 1.0 };
            let next = (last, speed(last));
            if next.1.is_nan() {
                return end;
            }
            // Too slow to tell the direction. This may be a fixed point, or an approach to 0 or infinity that
            // is slower than any exponential; the steps beyond it tell which.
            if next.1.abs() <= ROUNDING {
                continue;
            }
            if next.1 < 0.0 {
                return Limit::Settles(zero(speed, here.0, next.0).exp());
            }
            // Where the speed dips, two fixed points may hide between steps.
            if here.1 < behind.1 && here.1 < next.1 && here.1 < STEP {
                let (low, high) = (behind.0.min(next.0), behind.0.max(next.0));
                let slowest = minimum(speed, low, high);
                if speed(slowest) <= 0.0 {
                    return Limit::Settles(zero(speed, behind.0, slowest).exp());
                }
            }
            (behind, here) = (here, next);
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_spec::Activation::{self, Gelu, Relu, Sigmoid, Tanh};

    #[test]
    fn larger_variances_make_larger_ones_whatever_the_activation() {
        for activation in Activation::ALL {
            let field = MeanField::new(*activation, 1.0, 0.0);
            let variances =
                (-60..=60).map(|power| field.next_variance(10f64.powf(f64::from(power) / 5.0)));
            let variances: Vec<f64> = variances.collect();
            let rise = |pair: &[f64]| pair[1] >= pair[0] * (1.0 - 1e-12);
            assert!(variances.windows(2).all(rise), "{activation:?}: {variances:?}");
        }
    }

    #[test]
    fn a_start_beyond_the_search_comes_back_or_stays_infinite() {
        for power in [60, 150, 308] {
            let variance = 10f64.powi(power);
            let limit = MeanField::new(Tanh, variance, 0.0).fixed_point(variance);
            assert!((limit / variance - 1.0).abs() < 1e-3, "{power}: {limit}");
            let settled = MeanField::new(Tanh, 2.0, 0.0);
            let (far, near) = (settled.fixed_point(variance), settled.fixed_point(1.0));
            assert!((far / near - 1.0).abs() < 1e-9, "{power}: {far}, {near}");
        }
        let relu = MeanField::new(Relu, 1e308, 1e308);
        assert_eq!(relu.limit(f64::INFINITY), Limit::Diverges);
    }

    #[test]
    fn the_limit_is_what_iteration_comes_to_where_it_comes_to_anything() {
        for activation in Activation::ALL {
            for (weight_variance, bias_variance) in
                [(0.1, 0.0), (1.0, 0.0), (2.0, 0.0), (5.0, 0.1), (100.0, 0.1)]
            {
                let field = MeanField::new(*activation, weight_variance, bias_variance);
                let start = weight_variance + bias_variance;
                let [iterated, next] =
                    [0, 1].map(|more| field.variances(start).nth(100 + more).unwrap());
                let told = format!("{activation:?} {weight_variance} {bias_variance}: {iterated}");
                match field.limit(start) {
                    // Where it still moves, it is on its way.
                    Limit::Settles(q) => {
                        let [left, moved] = [q / iterated - 1.0, next / iterated - 1.0];
                        let is_there = left.abs() < 1e-9;
                        assert!(is_there || moved * left > 0.0, "{told}, {q}");
                    }
                    Limit::Vanishes => assert!(next <= iterated && next < start, "{told}"),
                    Limit::Diverges => assert!(next > iterated, "{told}"),
                }
            }
        }
    }

    #[test]
    fn points_that_iteration_takes_for_ever_to_reach_are_found() {
        // Near criticality q* = (σw² − 1) / 2 + O((σw² − 1)²): 1 = σw² (1 − 2 q* + …).
        let Limit::Settles(q) = MeanField::new(Tanh, 1.0 + 1e-6, 0.0).limit(1.0) else { panic!() };
        assert!((q / 5e-7 - 1.0).abs() < 1e-5, "{q}");
        let Limit::Settles(q) = MeanField::new(Tanh, 1.0, 1e-16).limit(1.0) else { panic!() };
        assert!((q / (0.5e-16f64).sqrt() - 1.0).abs() < 1e-5, "{q}: 2 q² = σb²");
        assert_eq!(MeanField::new(Tanh, 1.0, 0.0).limit(1.0), Limit::Vanishes);
        assert_eq!(MeanField::new(Relu, 2.0, 0.0).limit(1.7), Limit::Settles(1.7));
        assert_eq!(MeanField::new(Relu, 2.0, 0.1).limit(1.7), Limit::Diverges);
    }

    #[test]
    fn of_two_fixed_points_close_to_each_other_neither_is_passed_over() {
        // GELU's variance settles at the lower of two points, which meet at a σb² and are gone beyond it.
        let settles = |bias_variance: f64| MeanField::new(Gelu, 3.0, bias_variance).limit(1e-6);
        let (mut low, mut high) = (1e-6, 1.0);
        for _ in 0..50 {
            let middle = f64::midpoint(low, high);
            *if settles(middle) == Limit::Diverges { &mut high } else { &mut low } = middle;
        }
        let Limit::Settles(q) = settles(low) else { panic!("{low}") };
        let field = MeanField::new(Gelu, 3.0, low);
        let slope = (field.next_variance(1.001 * q) - field.next_variance(0.999 * q)) / (0.002 * q);
        assert!(
            (slope - 1.0).abs() < 1e-3,
            "where they meet the map touches the diagonal: {slope}"
        );
        assert!(settles(0.9 * low) != Limit::Diverges && settles(1.1 * low) == Limit::Diverges);
    }

    #[test]
    fn sigmoid_settles_the_same_from_either_side() {
        let field = MeanField::new(Sigmoid, 1.0, 0.0);
        let (above, below) = (field.fixed_point(100.0), field.fixed_point(1e-9));
        assert!((above / below - 1.0).abs() < 1e-12, "{above}, {below}");
    }
}
