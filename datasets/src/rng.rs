//! Random numbers of this crate.

use chacha20::ChaCha8Rng;
use rand_core::SeedableRng;

/// What random numbers are for. Each purpose has a stream of its own, and so have weights (1) and
/// batch order (2) in other crates: numbers drawn from one seed for different ends are independent.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Data = 0,
    Split = 3,
}

/// Creates the generator of a purpose from a seed; the same numbers on every machine.
pub(crate) fn rng(seed: u64, purpose: Purpose) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(purpose as u64);
    rng
}
