//! Features with mean 0 and standard deviation 1.

use crate::examples::Examples;

/// Mean and standard deviation of each feature, fitted on one set and applied to others.
#[derive(Clone, Debug, PartialEq)]
pub struct Standardisation {
    means: Vec<f64>,
    /// 0 if the feature is constant.
    factors: Vec<f64>,
}

impl Standardisation {
    /// Fits the population mean and standard deviation of each feature.
    ///
    /// Fit on the training split only, so that the test split does not leak into the inputs.
    pub fn fit(examples: &Examples) -> Self {
        let count = examples.len().max(1) as f64;
        let average = |of: &dyn Fn(usize, f64) -> f64| -> Vec<f64> {
            let mut sums = vec![0.0; examples.features()];
            for (row, _) in examples.rows() {
                for (feature, value) in row.iter().enumerate() {
                    sums[feature] += of(feature, f64::from(*value));
                }
            }
            sums.into_iter().map(|sum| sum / count).collect()
        };
        let means = average(&|_, value| value);
        let variances = average(&|feature, value| (value - means[feature]).powi(2));
        let factor = |variance: f64| {
            if variance > 0.0 { variance.sqrt().recip() } else { 0.0 }
        };
        Self { factors: variances.into_iter().map(factor).collect(), means }
    }

    /// Standardises examples; features that were constant in the fitted set become 0.
    ///
    /// # Panics
    ///
    /// Panics if the number of features differs from that of the fitted set.
    pub fn apply(&self, examples: &mut Examples) {
        assert_eq!(examples.features(), self.means.len(), "features differ from those fitted");
        for row in examples.rows_mut() {
            for ((value, mean), factor) in row.iter_mut().zip(&self.means).zip(&self.factors) {
                *value = ((f64::from(*value) - mean) * factor) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fitted_features_get_mean_zero_and_deviation_one_and_constants_vanish() {
        let inputs = vec![1.0, 7.0, 3.0, 7.0, 8.0, 7.0];
        let mut examples = Examples::new(2, inputs, vec![0.0; 3]).unwrap();
        Standardisation::fit(&examples.clone()).apply(&mut examples);
        let column =
            |c: usize| examples.rows().map(|(row, _)| f64::from(row[c])).collect::<Vec<_>>();
        let first = column(0);
        assert!(first.iter().sum::<f64>().abs() < 1e-6);
        assert!((first.iter().map(|x| x * x).sum::<f64>() / 3.0 - 1.0).abs() < 1e-6);
        assert_eq!(column(1), [0.0; 3]);
    }
}
