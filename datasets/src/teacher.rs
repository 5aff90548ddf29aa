//! A task whose targets are the answers of a random network.

use rand_distr::{Distribution, StandardNormal};

use crate::error::DatasetError;
use crate::examples::Examples;
use crate::rng::{Purpose, rng};

/// A teacher task: Gaussian inputs with the answers of a fixed random tanh network.
///
/// The teacher is y = Σ_k a_k tanh(w_k · x), with a_k of random sign and w_k of norm
/// [`SHARPNESS`](Self::SHARPNESS) on the first `relevant` inputs, zero on the others; the answer is 1
/// where y is at least its median, so that the classes are balanced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TeacherConfig {
    /// Features of an input.
    pub features: usize,
    /// Features that the teacher uses; the others are distractors. If the teacher used all 100, a student
    /// would need about 50,000 examples to learn from it.
    pub relevant: usize,
    /// Hidden units of the teacher.
    pub hidden: usize,
    /// Number of examples.
    pub examples: usize,
}

impl Default for TeacherConfig {
    fn default() -> Self {
        Self { features: 100, relevant: 10, hidden: 4, examples: 5_000 }
    }
}

impl TeacherConfig {
    /// Norm of the teacher's weight vectors. At 3, most of its units saturate, so that no linear rule
    /// reproduces its answers.
    pub const SHARPNESS: f64 = 3.0;

    /// Draws the teacher and the inputs from `seed` and computes the teacher's answers.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Setting`] if a size is zero.
    pub fn generate(self, seed: u64) -> Result<Examples, DatasetError> {
        let sizes = [
            ("features", self.features, usize::MAX, "it must be positive"),
            ("relevant", self.relevant, self.features, "it must be from 1 to `features`"),
            ("hidden", self.hidden, usize::MAX, "it must be positive"),
            ("examples", self.examples, usize::MAX, "it must be positive"),
        ];
        for (field, value, largest, requirement) in sizes {
            if value == 0 || value > largest {
                return Err(DatasetError::Setting { field, value, requirement });
            }
        }
        let mut rng = rng(seed, Purpose::Data);
        let mut normals = |count: usize| -> Vec<f64> {
            (0..count).map(|_| StandardNormal.sample(&mut rng)).collect()
        };
        let teacher: Vec<Vec<f64>> = (0..self.hidden).map(|_| normals(self.relevant)).collect();
        let signs: Vec<f64> = normals(self.hidden).into_iter().map(f64::signum).collect();
        let inputs = normals(self.examples * self.features);

        let scale = Self::SHARPNESS / (self.relevant as f64).sqrt();
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
        let targets = answers.iter().map(|y| f32::from(u8::from(*y >= median))).collect();
        Examples::new(self.features, inputs.iter().map(|x| *x as f32).collect(), targets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_balanced_and_the_seed_decides() {
        let config = TeacherConfig { examples: 1_000, ..Default::default() };
        let examples = config.generate(1).unwrap();
        assert_eq!(examples.targets().iter().sum::<f32>(), 500.0);
        assert_eq!(examples, config.generate(1).unwrap());
        assert_ne!(examples, config.generate(2).unwrap());
    }

    #[test]
    fn empty_tasks_are_refused_by_field() {
        let error = TeacherConfig { hidden: 0, ..Default::default() }.generate(0).unwrap_err();
        assert!(error.to_string().contains("`hidden = 0`"), "{error}");
    }
}
