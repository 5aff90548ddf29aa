//! A task whose answers a random network gives.

use rand_distr::{Distribution, StandardNormal};

use crate::error::DatasetError;
use crate::examples::Examples;
use crate::rng::data_rng;

/// Describes a teacher task: Gaussian inputs, answered by a fixed random tanh network.
///
/// The teacher is y = Σ_k a_k tanh(w_k · x), with w_k of norm [`SHARPNESS`](Self::SHARPNESS) and
/// a_k of random sign; the answer is 1 where y exceeds its median, so that the classes are
/// balanced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TeacherConfig {
    /// Features of an input.
    pub features: usize,
    /// Hidden units of the teacher.
    pub hidden: usize,
    /// Number of examples.
    pub examples: usize,
}

impl Default for TeacherConfig {
    fn default() -> Self {
        Self {
            features: 100,
            hidden: 4,
            examples: 5_000,
        }
    }
}

impl TeacherConfig {
    /// Norm of the teacher's weight vectors. At 3 most of its units saturate, so that no linear
    /// rule answers for it.
    pub const SHARPNESS: f64 = 3.0;

    /// Draws teacher and inputs from `seed` and lets the teacher answer.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Setting`] if a size is zero.
    pub fn generate(self, seed: u64) -> Result<Examples, DatasetError> {
        for (field, value) in [
            ("features", self.features),
            ("hidden", self.hidden),
            ("examples", self.examples),
        ] {
            if value == 0 {
                return Err(DatasetError::Setting {
                    field,
                    value,
                    requirement: "it must be positive",
                });
            }
        }
        let mut rng = data_rng(seed);
        let mut normals = |count: usize| -> Vec<f64> {
            (0..count)
                .map(|_| StandardNormal.sample(&mut rng))
                .collect()
        };
        let teacher: Vec<Vec<f64>> = (0..self.hidden).map(|_| normals(self.features)).collect();
        let signs: Vec<f64> = normals(self.hidden).into_iter().map(f64::signum).collect();
        let inputs = normals(self.examples * self.features);

        let scale = Self::SHARPNESS / (self.features as f64).sqrt();
        let answer = |input: &[f64]| -> f64 {
            let unit = |(weights, sign): (&Vec<f64>, &f64)| {
                let sum: f64 = weights.iter().zip(input).map(|(w, x)| w * x).sum();
                sign * (scale * sum).tanh()
            };
            teacher.iter().zip(&signs).map(unit).sum()
        };
        let answers: Vec<f64> = inputs.chunks_exact(self.features).map(answer).collect();
        let mut sorted = answers.clone();
        sorted.sort_by(f64::total_cmp);
        let median = sorted[sorted.len() / 2];
        let targets = answers
            .iter()
            .map(|y| f32::from(u8::from(*y >= median)))
            .collect();
        Examples::new(
            self.features,
            inputs.iter().map(|x| *x as f32).collect(),
            targets,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_balanced_and_the_seed_decides() {
        let config = TeacherConfig {
            examples: 1_000,
            ..Default::default()
        };
        let examples = config.generate(1).unwrap();
        assert_eq!(examples.targets().iter().sum::<f32>(), 500.0);
        assert_eq!(examples, config.generate(1).unwrap());
        assert_ne!(examples, config.generate(2).unwrap());
    }

    #[test]
    fn empty_tasks_are_refused_by_field() {
        let error = TeacherConfig {
            hidden: 0,
            ..Default::default()
        }
        .generate(0)
        .unwrap_err();
        assert!(error.to_string().contains("`hidden = 0`"), "{error}");
    }
}
