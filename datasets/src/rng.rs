//! Random numbers of this crate.

use chacha20::ChaCha8Rng;
use rand_core::SeedableRng;

/// Keeps data independent of weights and batch order drawn from the same seed.
const DATA_STREAM: u64 = 0;

/// Creates the generator of a data set from a seed; the same numbers on every machine.
pub(crate) fn data_rng(seed: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(DATA_STREAM);
    rng
}
