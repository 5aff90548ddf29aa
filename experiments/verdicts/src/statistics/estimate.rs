//! A mean with its interval.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::inversion::widest;

/// The mean of a sample with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The sample mean.
    pub mean: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
    /// Standard error of the mean.
    pub standard_error: f64,
    /// Sample size.
    pub n: usize,
}

impl Estimate {
    /// Estimates the mean of independent values: mean ± t₀.₉₇₅(n − 1) s / √n.
    ///
    /// `None` for fewer than two values, which have no spread, or if one is not finite.
    pub fn mean_of(values: &[f64]) -> Option<Self> {
        Self::at_level(values, 0.95)
    }

    /// The same at another confidence level, between 0 and 1.
    pub fn at_level(values: &[f64], level: f64) -> Option<Self> {
        let n = values.len();
        if n < 2 || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let standard_error = (squares / (n - 1) as f64 / n as f64).sqrt();
        let student = StudentsT::new(0.0, 1.0, (n - 1) as f64).ok()?;
        let half = standard_error * student.inverse_cdf(0.5 + level / 2.0);
        Some(Self { mean, lower: mean - half, upper: mean + half, standard_error, n })
    }

    /// Returns the p-value of the two-sided test that a rule on the interval stands for: the least α
    /// at which the rule holds of the interval at level 1 − α.
    ///
    /// The rule must hold of every interval within one that it holds of. `None` if it holds of the
    /// whole line, and so does not depend on the interval.
    pub fn p_value(&self, holds: impl Fn(&Self) -> bool) -> Option<f64> {
        let within = |half: f64| Self { lower: self.mean - half, upper: self.mean + half, ..*self };
        if self.standard_error == 0.0 {
            return (!holds(&within(f64::INFINITY))).then(|| f64::from(u8::from(!holds(self))));
        }
        widest(|t| holds(&within(t * self.standard_error))).map(|t| 2.0 * self.tail(t))
    }

    /// Returns the one-sided tail of Student's distribution beyond `distance`, as a difference of means.
    pub(super) fn tail_beyond(&self, distance: f64) -> f64 {
        if self.standard_error == 0.0 {
            return f64::from(u8::from(distance <= 0.0));
        }
        self.tail(distance / self.standard_error)
    }

    fn tail(&self, t: f64) -> f64 {
        let student = StudentsT::new(0.0, 1.0, (self.n - 1) as f64);
        student.map_or(1.0, |student| student.sf(t))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_students() {
        // scipy.stats.t.interval(0.95, 4, loc=3, scale=scipy.stats.sem([1, 2, 3, 4, 5]))
        let estimate = Estimate::mean_of(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert_eq!(estimate.mean, 3.0);
        assert!((estimate.lower - 1.036_756_838_522_439).abs() < 1e-6, "{estimate:?}");
        assert!((estimate.upper - 4.963_243_161_477_561).abs() < 1e-6, "{estimate:?}");
    }

    #[test]
    fn equal_values_have_an_interval_of_no_width() {
        let estimate = Estimate::mean_of(&[2.0; 5]).unwrap();
        assert_eq!((estimate.lower, estimate.upper), (2.0, 2.0));
    }

    #[test]
    fn the_p_value_of_a_rule_is_that_of_students_test() {
        // scipy.stats.ttest_1samp([1.2, 1.9, 0.7, 1.4, 1.6], 0.5).pvalue, SciPy 1.17.1
        let estimate = Estimate::mean_of(&[1.2, 1.9, 0.7, 1.4, 1.6]).unwrap();
        let p = estimate.p_value(|e| e.lower > 0.5).unwrap();
        assert!((p - 0.012_969_632_046_819).abs() < 1e-9, "{p}");
        assert_eq!(estimate.p_value(|e| e.upper < 0.5), Some(1.0), "it lies on the other side");
        assert_eq!(estimate.p_value(|_| true), None, "no test");
        let certain = Estimate::mean_of(&[2.0; 5]).unwrap();
        assert_eq!(certain.p_value(|e| e.lower > 1.0), Some(0.0));
        assert_eq!(certain.p_value(|e| e.lower > 3.0), Some(1.0));
    }

    #[test]
    fn too_few_or_not_finite_values_have_no_interval() {
        assert_eq!(Estimate::mean_of(&[1.0]), None);
        assert_eq!(Estimate::mean_of(&[1.0, f64::NAN]), None);
        assert_eq!(Estimate::mean_of(&[]), None);
    }
}
