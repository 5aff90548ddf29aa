//! What several tests need.

use libm::erf;

use crate::activation::ScalarFunction;

/// The error function, for which closed forms are known.
pub(crate) struct Erf;

impl ScalarFunction for Erf {
    fn value(&self, x: f64) -> f64 {
        erf(x)
    }

    fn derivative(&self, x: f64) -> f64 {
        2.0 / std::f64::consts::PI.sqrt() * (-x * x).exp()
    }
}

/// Asserts that a value is as expected, up to a relative tolerance.
pub(crate) fn close(value: f64, expected: f64, tolerance: f64) {
    assert!((value / expected - 1.0).abs() < tolerance, "{value} is not {expected}");
}
