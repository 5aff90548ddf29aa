//! Temporal order.

use super::Sequences;
use crate::rng::{Purpose, below, rng};

/// Two relevant symbols and four distractors.
const RELEVANT: usize = 2;
const DISTRACTORS: usize = 4;
const FEATURES: usize = RELEVANT + DISTRACTORS;
/// The four orders of the two symbols.
pub(super) const CLASSES: usize = RELEVANT * RELEVANT;

/// Distractors, except for one relevant symbol at a step in [T/10, 2T/10) and one in [5T/10, 6T/10). The
/// class encodes both, in order.
///
/// This follows the code of Pascanu, Mikolov & Bengio 2013; their supplement, § 3.1.1, puts the second
/// symbol in [4T/10, 5T/10].
pub(super) fn generate(length: usize, count: usize, seed: u64) -> Sequences {
    let mut rng = rng(seed, Purpose::Data);
    let tenth = length / 10;
    let mut inputs = vec![0.0; count * length * FEATURES];
    let mut targets = Vec::with_capacity(count);
    for input in inputs.chunks_exact_mut(length * FEATURES) {
        let mut symbols: Vec<usize> =
            (0..length).map(|_| RELEVANT + below(&mut rng, DISTRACTORS)).collect();
        let places = [tenth + below(&mut rng, tenth), length / 2 + below(&mut rng, tenth)];
        let relevant = [below(&mut rng, RELEVANT), below(&mut rng, RELEVANT)];
        for (place, symbol) in places.into_iter().zip(relevant) {
            symbols[place] = symbol;
        }
        for (step, symbol) in input.chunks_exact_mut(FEATURES).zip(symbols) {
            step[symbol] = 1.0;
        }
        targets.push((RELEVANT * relevant[0] + relevant[1]) as f32);
    }
    Sequences { steps: length, features: FEATURES, inputs, targets }
}
