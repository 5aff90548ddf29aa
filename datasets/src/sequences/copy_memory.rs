//! Copy memory.

use super::Sequences;
use crate::rng::{Purpose, below, rng};

/// Different symbols.
const SYMBOLS: usize = 8;
/// Symbols to remember.
const REMEMBERED: usize = 10;
/// The blank, both in the input and as a class.
const BLANK: usize = SYMBOLS;
/// The delimiter, which asks for the answer.
const DELIMITER: usize = SYMBOLS + 1;
const FEATURES: usize = SYMBOLS + 2;
/// The symbols and the blank.
pub(super) const CLASSES: usize = SYMBOLS + 1;

/// Ten symbols, `length` − 1 blanks, the delimiter, ten blanks: `length` + 20 steps, with one feature for
/// each symbol. The answer is blank up to the delimiter, followed by the ten symbols.
pub(super) fn generate(length: usize, count: usize, seed: u64) -> Sequences {
    let mut rng = rng(seed, Purpose::Data);
    let steps = length + 2 * REMEMBERED;
    let mut inputs = vec![0.0; count * steps * FEATURES];
    let mut targets = vec![BLANK as f32; count * steps];
    for (input, target) in
        inputs.chunks_exact_mut(steps * FEATURES).zip(targets.chunks_exact_mut(steps))
    {
        let mut symbols = vec![BLANK; steps];
        for t in 0..REMEMBERED {
            symbols[t] = below(&mut rng, SYMBOLS);
            target[steps - REMEMBERED + t] = symbols[t] as f32;
        }
        symbols[steps - REMEMBERED - 1] = DELIMITER;
        for (step, symbol) in input.chunks_exact_mut(FEATURES).zip(symbols) {
            step[symbol] = 1.0;
        }
    }
    Sequences { steps, features: FEATURES, inputs, targets }
}

/// Blanks are certain and the ten symbols are guessed: 10 ln 8 / (T + 20).
pub(super) fn trivial_loss(length: usize) -> f64 {
    REMEMBERED as f64 * (SYMBOLS as f64).ln() / (length + 2 * REMEMBERED) as f64
}
