//! A mean with its interval.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// The mean of a sample with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The sample mean.
    pub mean: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
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
        let error = (squares / (n - 1) as f64 / n as f64).sqrt();
        let student = StudentsT::new(0.0, 1.0, (n - 1) as f64).ok()?;
        let half = error * student.inverse_cdf(0.5 + level / 2.0);
        Some(Self { mean, lower: mean - half, upper: mean + half, n })
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
    fn too_few_or_not_finite_values_have_no_interval() {
        assert_eq!(Estimate::mean_of(&[1.0]), None);
        assert_eq!(Estimate::mean_of(&[1.0, f64::NAN]), None);
        assert_eq!(Estimate::mean_of(&[]), None);
    }
}
