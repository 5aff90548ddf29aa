//! Information latching.

use rand_distr::{Distribution, StandardNormal};

use super::Sequences;
use crate::rng::{Purpose, below, rng};

/// Steps that show the class.
pub(super) const INFORMED: usize = 3;
/// Standard deviation of the noise.
const NOISE: f32 = 0.2;

/// The first three steps are +1 or −1 for the two classes; the others are Gaussian noise with standard
/// deviation 0.2. In the paper, the first inputs are learned.
pub(super) fn generate(length: usize, count: usize, seed: u64) -> Sequences {
    let mut rng = rng(seed, Purpose::Data);
    let mut inputs = Vec::with_capacity(count * length);
    let mut targets = Vec::with_capacity(count);
    for _ in 0..count {
        let class = below(&mut rng, 2);
        inputs.extend([2.0 * class as f32 - 1.0; INFORMED]);
        for _ in INFORMED..length {
            let z: f32 = StandardNormal.sample(&mut rng);
            inputs.push(NOISE * z);
        }
        targets.push(class as f32);
    }
    Sequences { steps: length, features: 1, inputs, targets }
}
