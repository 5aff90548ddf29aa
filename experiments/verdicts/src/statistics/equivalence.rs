//! Whether a measurement equals a theory, as opposed to merely not differing from it.

use super::estimate::Estimate;

/// Outcome of two one-sided tests at 5 % each.
///
/// # Reference
///
/// D. J. Schuirmann, "A comparison of the two one-sided tests procedure and the power approach for
/// assessing the equivalence of average bioavailability", 1987: equivalent if the 90 % interval of
/// the mean lies within the tolerance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Equivalence {
    /// The 90 % interval lies within the tolerance.
    Equivalent,
    /// It lies outside.
    Different,
    /// It straddles the edge: more seeds may help.
    Undecided,
}

impl Equivalence {
    /// Tests whether the mean of `values` is `reference`, within ± `tolerance`.
    ///
    /// `None` for fewer than two values, or if one is not finite.
    pub fn test(values: &[f64], reference: f64, tolerance: f64) -> Option<Self> {
        let estimate = Estimate::at_level(values, 0.9)?;
        let (lower, upper) = (estimate.lower - reference, estimate.upper - reference);
        Some(if lower > -tolerance && upper < tolerance {
            Self::Equivalent
        } else if lower > tolerance || upper < -tolerance {
            Self::Different
        } else {
            Self::Undecided
        })
    }

    /// Returns the p-value of that test: the least level at which it is decided as it is.
    pub fn p_value(values: &[f64], reference: f64, tolerance: f64) -> Option<f64> {
        let estimate = Estimate::mean_of(values)?;
        // The edge of the tolerance that is nearer is the hypothesis that decides.
        let from_edge = ((estimate.mean - reference).abs() - tolerance).abs();
        Some(estimate.tail_beyond(from_edge))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_intervals_decide_and_wide_ones_do_not() {
        let narrow = [1.00, 1.01, 0.99, 1.0];
        assert_eq!(Equivalence::test(&narrow, 1.0, 0.05), Some(Equivalence::Equivalent));
        assert_eq!(Equivalence::test(&narrow, 1.2, 0.05), Some(Equivalence::Different));
        assert_eq!(Equivalence::test(&[0.5, 1.5], 1.0, 0.05), Some(Equivalence::Undecided));
        assert_eq!(Equivalence::test(&[1.0], 1.0, 0.05), None);
    }

    #[test]
    fn the_p_value_is_the_larger_of_the_two_one_sided_ones() {
        // max(t.sf((m - 0.5) / s, 4), t.sf((2.5 - m) / s, 4)), SciPy 1.17.1
        let values = [1.2, 1.9, 0.7, 1.4, 1.6];
        let p = Equivalence::p_value(&values, 1.5, 1.0).unwrap();
        assert!((p - 0.006_484_816_023_409_7).abs() < 1e-9, "{p}");
        assert_eq!(Equivalence::test(&values, 1.5, 1.0), Some(Equivalence::Equivalent));
    }
}
