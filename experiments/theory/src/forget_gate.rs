//! The gradient through an LSTM's forget gate alone.

/// Returns σ(b), the factor per step of ∂L/∂c through a forget gate with bias b and no inputs.
///
/// # Reference
///
/// Gers, Schmidhuber, Cummins, "Learning to forget", 2000, § 3.1, eq. 10 and 11: c ← f c + …,
/// f = σ(… + b).
pub fn forget_factor(bias: f64) -> f64 {
    1.0 / (1.0 + (-bias).exp())
}

/// Returns τ = −1 / ln σ(b), the number of steps after which 1/e is left.
pub fn time_constant(bias: f64) -> f64 {
    -1.0 / forget_factor(bias).ln()
}

/// Returns the fraction of ‖∂L/∂c‖ left after `lag` steps under chrono initialisation for memories of up to
/// `longest` steps: b = ln u with u uniform from 1 to `longest` − 1, so σ(b) = u / (1 + u). The norm is the root
/// mean square over units.
///
/// # Reference
///
/// Tallec, Ollivier, "Can recurrent neural networks warp time?", 2018, eq. 16.
pub fn chrono_gain(lag: f64, longest: f64) -> f64 {
    let width = (longest - 2.0) / INTERVALS as f64;
    let square = |interval: usize| {
        let u = 1.0 + (interval as f64 + 0.5) * width;
        (-2.0 * lag * u.recip().ln_1p()).exp()
    };
    let mean = (0..INTERVALS).map(square).sum::<f64>() / INTERVALS as f64;
    mean.sqrt()
}

/// Intervals of the midpoint rule; the integrand is smooth.
const INTERVALS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_constants_are_those_of_the_closed_form() {
        assert!((time_constant(0.0) - 1.0 / 2f64.ln()).abs() < 1e-12);
        // −1 / ln(1 / (1 + e^−b)) = 1 / ln(1 + e^−b), which is e^b + 1/2 − … for large b
        assert!((time_constant(5.0) - 1.0 / (-5f64).exp().ln_1p()).abs() < 1e-9);
        assert!((time_constant(12.0) / (12f64.exp() + 0.5) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn chrono_loses_nothing_at_once_and_has_the_integral_of_a_rational_function_at_lag_one() {
        assert!((chrono_gain(0.0, 50.0) - 1.0).abs() < 1e-12);
        // ∫ (u / (1 + u))² du = 1 + u − 2 ln(1 + u) − 1 / (1 + u)
        let antiderivative = |u: f64| 1.0 + u - 2.0 * (1.0 + u).ln() - 1.0 / (1.0 + u);
        let mean = (antiderivative(49.0) - antiderivative(1.0)) / 48.0;
        assert!((chrono_gain(1.0, 50.0).powi(2) - mean).abs() < 1e-7);
    }
}
