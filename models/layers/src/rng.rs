//! Random numbers drawn on the host, the same on every back end.

use chacha20::ChaCha8Rng;
use rand_core::SeedableRng;

/// The random number generator for weights.
///
/// ChaCha8 is specified bit for bit, so a seed gives the same network on every machine, back end
/// and version. Burn's own random tensors differ between back ends.
pub type WeightRng = ChaCha8Rng;

/// Stream of the weights, independent of what else is drawn from the same seed (batch order, data).
const WEIGHT_STREAM: u64 = 1;

/// Creates the generator of a network's weights from the seed of a run.
pub fn weight_rng(seed: u64) -> WeightRng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(WEIGHT_STREAM);
    rng
}
