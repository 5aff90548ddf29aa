//! A share of successes.

use serde::Serialize;
use statrs::distribution::{Beta, ContinuousCDF};

use super::inversion::{normal_quantile, root_of_rising, two_tails, widest};

/// How many of a number of independent attempts succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Proportion {
    successes: usize,
    attempts: usize,
}

impl Proportion {
    /// Counts the successes; `None` without attempts.
    pub fn of(outcomes: &[bool]) -> Option<Self> {
        let successes = outcomes.iter().filter(|is_success| **is_success).count();
        (!outcomes.is_empty()).then_some(Self { successes, attempts: outcomes.len() })
    }

    /// Returns the number of successes.
    pub fn successes(self) -> usize {
        self.successes
    }

    /// Returns the number of attempts.
    pub fn attempts(self) -> usize {
        self.attempts
    }

    /// Returns the share of successes.
    pub fn share(self) -> f64 {
        self.successes as f64 / self.attempts as f64
    }

    /// Returns the exact interval of the chance of success, with at least this confidence.
    ///
    /// # Reference
    ///
    /// C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case
    /// of the binomial", 1934: each end is where the tail of the binomial beyond what was seen has
    /// half the error.
    pub fn interval(self, level: f64) -> (f64, f64) {
        self.interval_beyond((1.0 - level) / 2.0)
    }

    /// The same from the error allowed on either side.
    fn interval_beyond(self, tail: f64) -> (f64, f64) {
        let (k, n) = (self.successes as f64, self.attempts as f64);
        // The least chance at which `hits` of n still have this tail.
        let least = |hits: f64| match Beta::new(hits, n - hits + 1.0) {
            Ok(beta) => root_of_rising(|chance| beta.cdf(chance) - tail, 0.0, 1.0),
            Err(_) => 0.0, // no hits are possible at any chance
        };
        (least(k), 1.0 - least(n - k))
    }

    /// Returns the probability of as many successes or more, at this chance of each.
    pub fn upper_tail(self, chance: f64) -> f64 {
        let (k, n) = (self.successes as f64, self.attempts as f64);
        let chance = chance.clamp(0.0, 1.0);
        Beta::new(k, n - k + 1.0).map_or(1.0, |beta| beta.cdf(chance))
    }

    /// Returns the probability of as many successes or fewer.
    pub fn lower_tail(self, chance: f64) -> f64 {
        let failures = Self { successes: self.attempts - self.successes, ..self };
        failures.upper_tail(1.0 - chance)
    }

    /// Returns the p-value of the two-sided test that a rule on the [`interval`](Self::interval) stands
    /// for, as [`Estimate::p_value`](super::Estimate::p_value) does.
    pub fn p_value(self, holds: impl Fn((f64, f64)) -> bool) -> Option<f64> {
        widest(|z| holds(self.interval_beyond(two_tails(z) / 2.0))).map(two_tails)
    }

    /// Returns the interval of the difference of two independent chances, `self` − `other`.
    ///
    /// # Reference
    ///
    /// R. G. Newcombe, "Interval estimation for the difference between independent proportions:
    /// comparison of eleven methods", 1998, method 10: the hybrid of two score intervals.
    pub fn difference(self, other: Self, level: f64) -> (f64, f64) {
        self.difference_at(other, normal_quantile(level))
    }

    fn difference_at(self, other: Self, z: f64) -> (f64, f64) {
        let (p, q) = (self.share(), other.share());
        let ((p_low, p_high), (q_low, q_high)) = (self.score_interval(z), other.score_interval(z));
        let lower = (p - p_low).hypot(q_high - q);
        let upper = (p_high - p).hypot(q - q_low);
        (p - q - lower, p - q + upper)
    }

    /// Returns the p-value of the two-sided test of a difference of `margin` that
    /// [`difference`](Self::difference) inverts.
    pub fn difference_p_value(self, other: Self, margin: f64) -> f64 {
        let is_outside = |z: f64| {
            let (lower, upper) = self.difference_at(other, z);
            lower > margin || upper < margin
        };
        widest(is_outside).map_or(0.0, two_tails)
    }

    /// Wilson's interval of ± z.
    fn score_interval(self, z: f64) -> (f64, f64) {
        if z.is_infinite() {
            return (0.0, 1.0);
        }
        let (n, p) = (self.attempts as f64, self.share());
        let square = z * z / n;
        let center = p + square / 2.0;
        let half = (square * (p * (1.0 - p) + square / 4.0)).sqrt();
        ((center - half) / (1.0 + square), (center + half) / (1.0 + square))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(successes: usize, attempts: usize) -> Proportion {
        Proportion { successes, attempts }
    }

    fn close((low, high): (f64, f64), expected: (f64, f64)) {
        assert!(
            (low - expected.0).abs() < 1e-7 && (high - expected.1).abs() < 1e-7,
            "{low} {high}"
        );
    }

    #[test]
    fn the_exact_interval_is_where_its_tails_are_however_small() {
        for tail in [0.025, 1e-6, 1e-30, 1e-200, 1e-300] {
            for successes in [1, 7, 1_000, 1_999, 2_000] {
                let seen = of(successes, 2_000);
                let (low, high) = seen.interval_beyond(tail);
                let apart = |found: f64| (found.ln() - tail.ln()).abs();
                assert!(apart(seen.upper_tail(low)) < 1e-6, "{successes} {tail}: {low}");
                let is_all = successes == 2_000;
                // Close to 1 a chance has 16 digits, of which a small tail needs more.
                let is_told = tail > 1e-12 && !is_all;
                assert!(!is_told || apart(seen.lower_tail(high)) < 1e-4, "{successes} {tail}");
            }
        }
    }

    #[test]
    fn the_exact_interval_is_scipys() {
        // scipy.stats.binomtest(k, n).proportion_ci(0.95, method='exact'), SciPy 1.17.1
        close(of(0, 10).interval(0.95), (0.0, 0.308_497_107_818_762_6));
        close(of(10, 10).interval(0.95), (0.691_502_892_181_237_1, 1.0));
        close(of(7, 20).interval(0.95), (0.153_909_204_784_541_2, 0.592_188_534_532_832_8));
        close(of(1, 1000).interval(0.95), (2.531_748_749_1e-5, 5.558_924_279_849_9e-3));
    }

    #[test]
    fn tails_are_the_binomials() {
        // 2 · binomtest(9, 10, 0.5, 'greater').pvalue and 2 · binomtest(1, 20, 0.3, 'less').pvalue
        assert!((2.0 * of(9, 10).upper_tail(0.5) - 0.021_484_375).abs() < 1e-12);
        assert!((2.0 * of(1, 20).lower_tail(0.3) - 0.015_274_519_548_399_9).abs() < 1e-12);
        assert_eq!((of(0, 5).upper_tail(0.2), of(5, 5).lower_tail(0.2)), (1.0, 1.0));
    }

    #[test]
    fn the_p_value_of_a_rule_is_twice_the_tail() {
        let p = of(9, 10).p_value(|(lower, _)| lower > 0.5).unwrap();
        assert!((p - 0.021_484_375).abs() < 1e-7, "{p}");
        assert_eq!(of(9, 10).p_value(|(_, upper)| upper < 0.5), Some(1.0));
        assert_eq!(of(9, 10).p_value(|_| true), None);
    }

    #[test]
    fn the_difference_of_two_is_newcombes() {
        // statsmodels 0.15.0, confint_proportions_2indep(…, method='newcomb', correction=False)
        close(of(56, 70).difference(of(48, 80), 0.95), (0.052_431_472_4, 0.333_872_653_7));
        close(of(9, 10).difference(of(3, 10), 0.95), (0.170_522_723_9, 0.809_017_973_5));
        close(of(10, 10).difference(of(0, 20), 0.95), (0.679_086_037_1, 1.0));
    }

    #[test]
    fn a_difference_excluded_at_95_percent_has_a_p_value_below_5_percent() {
        let (lower, _) = of(56, 70).difference(of(48, 80), 0.95);
        let p = |margin: f64| of(56, 70).difference_p_value(of(48, 80), margin);
        assert!((p(lower) - 0.05).abs() < 1e-6, "{}", p(lower));
        assert!(p(0.0) < 0.05 && p(0.1) > 0.05);
    }
}
