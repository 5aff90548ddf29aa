//! From an interval to the p-value of the test that it stands for.

use statrs::distribution::{ContinuousCDF, Normal};

/// Returns the largest multiple of its scale that an interval can be widened to with something still
/// true of it; 0 if nothing is at any width.
///
/// `None` if it is true of the whole line: then what is true does not depend on the interval.
pub(super) fn widest(is_true_at: impl Fn(f64) -> bool) -> Option<f64> {
    if is_true_at(f64::INFINITY) {
        return None;
    }
    let (mut low, mut high) = (1e-9f64, 1e9f64);
    if !is_true_at(low) {
        return Some(0.0);
    }
    // Intervals nest, so that what is true of one is true of those within it.
    for _ in 0..100 {
        let middle = (low * high).sqrt();
        *if is_true_at(middle) { &mut low } else { &mut high } = middle;
    }
    Some(low)
}

/// Returns where a function that rises from `low` to `high` crosses zero, by halving.
///
/// Slower than the quantile functions of `statrs`, of which the Beta distribution's, by Newton's method, does
/// not end for some small tails.
pub(super) fn root_of_rising(value: impl Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    let (mut low, mut high) = (low, high);
    // From 1 to the least positive number: a root may be next to zero.
    for _ in 0..1_100 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        *if value(middle) < 0.0 { &mut low } else { &mut high } = middle;
    }
    high
}

/// Returns the two-sided tail of a standard normal beyond ± z.
pub(crate) fn two_tails(z: f64) -> f64 {
    2.0 * Normal::standard().sf(z)
}

/// Returns z of a two-sided interval at a confidence level.
pub(super) fn normal_quantile(level: f64) -> f64 {
    Normal::standard().inverse_cdf(0.5 + level / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_interval_that_excludes_a_number_ends_at_it() {
        let distance = widest(|width| 3.0 - width > 1.0).unwrap();
        assert!((distance - 2.0).abs() < 1e-9, "{distance}");
        assert_eq!(widest(|_| true), None);
        assert_eq!(widest(|_| false), Some(0.0));
    }
}
