//! Whether a share of successes rises or falls along an ordered factor.

use super::inversion::two_tails;

/// The Cochran–Armitage test of a linear trend in proportions.
///
/// # Reference
///
/// P. Armitage, "Tests for linear trends in proportions and frequencies", 1955.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// Positive if the share rises with the score.
    pub z: f64,
    /// Of the two-sided test.
    pub p_value: f64,
}

impl Trend {
    /// Tests groups of (score, successes, attempts).
    ///
    /// `None` if all succeed, none does, or all scores are equal.
    pub fn test(groups: &[(f64, usize, usize)]) -> Option<Self> {
        let sum = |term: fn(f64, f64, f64) -> f64| -> f64 {
            groups.iter().map(|(score, k, n)| term(*score, *k as f64, *n as f64)).sum()
        };
        let (attempts, share) = (sum(|_, _, n| n), sum(|_, k, _| k) / sum(|_, _, n| n));
        let scores = sum(|score, _, n| n * score);
        let trend = sum(|score, k, _| k * score) - share * scores;
        let spread = sum(|score, _, n| n * score * score) - scores * scores / attempts;
        let z = trend / (share * (1.0 - share) * spread).sqrt();
        z.is_finite().then(|| Self { z, p_value: two_tails(z.abs()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statistic_is_that_of_rs_example() {
        // R 4, ?prop.trend.test: smokers among patients of four hospitals, X² = 8.2249, p = 0.004132
        let groups = [(1.0, 83, 86), (2.0, 90, 93), (3.0, 129, 136), (4.0, 70, 82)];
        let trend = Trend::test(&groups).unwrap();
        assert!((trend.z * trend.z - 8.224_922_285_2).abs() < 1e-9, "{trend:?}");
        assert!((trend.p_value - 0.004_131_897_477).abs() < 1e-11, "{trend:?}");
        assert!(trend.z < 0.0, "the share falls");
    }

    #[test]
    fn without_both_outcomes_or_two_scores_there_is_no_trend() {
        assert_eq!(Trend::test(&[(1.0, 5, 5), (2.0, 5, 5)]), None);
        assert_eq!(Trend::test(&[(1.0, 2, 5), (1.0, 3, 5)]), None);
        assert_eq!(Trend::test(&[]), None);
    }
}
