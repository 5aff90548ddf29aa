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
}
