//! The difference between two samples.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::estimate::Estimate;

/// The difference of two means with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Mean of the second sample minus mean of the first.
    pub mean: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
    /// Pairs that it rests on; `None` if the samples were compared unpaired.
    pub pairs: Option<usize>,
}

impl Difference {
    /// Compares values that have a seed each: paired where at least two seeds are in both samples, else
    /// by Welch's interval.
    ///
    /// `None` if a sample has fewer than two values or one that is not finite.
    ///
    /// # Reference
    ///
    /// B. L. Welch, "The generalization of Student's problem when several different population variances
    /// are involved", Biometrika 34, 1947.
    pub fn between(first: &[(u64, f64)], second: &[(u64, f64)]) -> Option<Self> {
        let partner = |seed: u64| second.iter().find(|(other, _)| *other == seed);
        let pairs: Vec<f64> = first
            .iter()
            .filter_map(|(seed, value)| partner(*seed).map(|(_, other)| other - value))
            .collect();
        if pairs.len() >= 2 {
            let Estimate { mean, lower, upper, n, .. } = Estimate::mean_of(&pairs)?;
            return Some(Self { mean, lower, upper, pairs: Some(n) });
        }
        let values = |sample: &[(u64, f64)]| sample.iter().map(|(_, value)| *value).collect();
        Self::unpaired(values(first), values(second))
    }

    fn unpaired(first: Vec<f64>, second: Vec<f64>) -> Option<Self> {
        let error = |values: &[f64]| {
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            (mean, squares / (n - 1.0) / n)
        };
        if first.len() < 2 || second.len() < 2 {
            return None;
        }
        let ((a, a_error), (b, b_error)) = (error(&first), error(&second));
        let (mean, variance) = (b - a, a_error + b_error);
        if !mean.is_finite() || !variance.is_finite() {
            return None;
        }
        let half = if variance == 0.0 {
            0.0
        } else {
            let share = |error: f64, n: usize| error.powi(2) / (n as f64 - 1.0);
            let freedom =
                variance.powi(2) / (share(a_error, first.len()) + share(b_error, second.len()));
            StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(0.975) * variance.sqrt()
        };
        Some(Self { mean, lower: mean - half, upper: mean + half, pairs: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-6, "{a} is not {b}");
    }

    #[test]
    fn seeds_in_both_samples_are_pairs() {
        let first = [(0, 1.0), (1, 2.0), (2, 4.0), (9, 100.0)];
        let second = [(2, 5.0), (1, 2.5), (0, 1.1)];
        let difference = Difference::between(&first, &second).unwrap();
        // scipy.stats.ttest_rel([1.1, 2.5, 5], [1, 2, 4]).confidence_interval()
        assert_eq!(difference.pairs, Some(3));
        close(difference.mean, 0.533_333_333_333_333_3);
        close(difference.lower, -0.586_826_402_935_487_2);
        close(difference.upper, 1.653_493_069_602_154);
    }

    #[test]
    fn other_seeds_are_compared_by_welch() {
        let first = [(0, 1.0), (1, 2.0), (2, 4.0)];
        let second = [(5, 3.0), (6, 5.0), (7, 4.5), (8, 4.0)];
        let difference = Difference::between(&first, &second).unwrap();
        // scipy.stats.ttest_ind([3, 5, 4.5, 4], [1, 2, 4], equal_var=False).confidence_interval()
        assert_eq!(difference.pairs, None);
        close(difference.mean, 1.791_666_666_666_666_5);
        close(difference.lower, -1.363_088_189_741_168_4);
        close(difference.upper, 4.946_421_523_074_502);
    }

    #[test]
    fn too_few_or_not_finite_values_have_no_difference() {
        assert_eq!(Difference::between(&[(0, 1.0)], &[(1, 2.0), (2, 3.0)]), None);
        let first = [(0, f64::NAN), (1, 1.0)];
        assert_eq!(Difference::between(&first, &[(0, 1.0), (1, 2.0)]), None);
        assert_eq!(Difference::between(&first, &[(2, 1.0), (3, 2.0)]), None);
        let same = [(0, 2.0), (1, 2.0)];
        let zero = Difference::between(&same, &[(2, 2.0), (3, 2.0)]).unwrap();
        assert_eq!((zero.mean, zero.lower, zero.upper), (0.0, 0.0, 0.0));
    }
}
