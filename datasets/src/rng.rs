//! Random numbers.

use chacha20::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// What random numbers are for. Each purpose has its own stream, as do weights (1) and batch order (2) in
/// other crates, so that numbers drawn from one seed for different purposes are independent.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Data = 0,
    Split = 3,
    Augmentation = 4,
}

/// Creates the generator of a purpose from a seed; it gives the same numbers on every machine.
pub(crate) fn rng(seed: u64, purpose: Purpose) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(purpose as u64);
    rng
}

/// Draws an integer from 0 to `bound` − 1. The bias of the remainder is below 1e-12 for every bound used
/// here.
pub(crate) fn below(rng: &mut impl Rng, bound: usize) -> usize {
    (rng.next_u64() % bound as u64) as usize
}
