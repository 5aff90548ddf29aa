//! The adding problem.

use rand_distr::{Distribution, StandardUniform};

use super::Sequences;
use crate::rng::{Purpose, below, rng};

/// Each step has a number, uniform in [0, 1), and a marker, which is 1 at one step of each half. The target
/// is the sum of the two marked numbers.
pub(super) fn generate(length: usize, count: usize, seed: u64) -> Sequences {
    let mut rng = rng(seed, Purpose::Data);
    let mut inputs = Vec::with_capacity(count * length * 2);
    let mut targets = Vec::with_capacity(count);
    for _ in 0..count {
        let half = length / 2;
        let marked = [below(&mut rng, half), half + below(&mut rng, length - half)];
        let mut sum = 0.0;
        for t in 0..length {
            let number: f32 = StandardUniform.sample(&mut rng);
            let is_marked = marked.contains(&t);
            sum += if is_marked { number } else { 0.0 };
            inputs.extend([number, f32::from(u8::from(is_marked))]);
        }
        targets.push(sum);
    }
    Sequences { steps: length, features: 2, inputs, targets }
}
