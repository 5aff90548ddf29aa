//! Images as sequences.

use super::Sequences;
use crate::digits::Digits;
use crate::error::DatasetError;
use crate::examples::Examples;
use crate::rng::{Purpose, below, rng};
use crate::split::stratified_split;

/// The order in which an image is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Rows,
    Pixels,
    Permuted,
}

/// One example in five is for testing, whatever the seed.
const TEST_ONE_IN: usize = 5;
const SPLIT_SEED: u64 = 0;
/// Seed of the permutation of the pixels, whatever the seed of a run.
const PERMUTATION_SEED: u64 = 0;

/// Grey levels in [−1, 1]; an even seed gives the training images, an odd one the test images.
pub(super) fn generate(order: Order, count: usize, seed: u64) -> Result<Sequences, DatasetError> {
    let digits = Digits::load()?;
    let pixels = Digits::SIDE * Digits::SIDE;
    let level = |grey: &u8| 2.0 * f32::from(*grey) / f32::from(Digits::WHITE) - 1.0;
    let inputs = digits.images.iter().map(level).collect();
    let labels = digits.labels.iter().map(|label| f32::from(*label)).collect();
    let examples = Examples::new(pixels, inputs, labels)?;
    let split = stratified_split(&examples, &digits.labels, TEST_ONE_IN, SPLIT_SEED);
    let part = if seed.is_multiple_of(2) { split.train } else { split.test };
    let part = part.select(&(0..part.len().min(count)).collect::<Vec<_>>());
    let (steps, features) = match order {
        Order::Rows => (Digits::SIDE, Digits::SIDE),
        Order::Pixels | Order::Permuted => (pixels, 1),
    };
    let mut inputs = part.inputs().to_vec();
    if order == Order::Permuted {
        let permutation = permutation(pixels);
        for image in inputs.chunks_exact_mut(pixels) {
            let original = image.to_vec();
            image.iter_mut().zip(&permutation).for_each(|(pixel, from)| *pixel = original[*from]);
        }
    }
    Ok(Sequences { steps, features, inputs, targets: part.targets().to_vec() })
}

/// Draws a random permutation (Fisher & Yates).
fn permutation(count: usize) -> Vec<usize> {
    let mut rng = rng(PERMUTATION_SEED, Purpose::Data);
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, below(&mut rng, last + 1));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permutation_keeps_every_pixel_and_rows_are_pixels_in_another_shape() {
        let mut order = permutation(64);
        assert_ne!(order, (0..64).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..64).collect::<Vec<_>>());
        let [rows, pixels] = [Order::Rows, Order::Pixels].map(|o| generate(o, 20, 0).unwrap());
        assert_eq!(rows.inputs, pixels.inputs);
        assert_eq!((rows.steps, pixels.steps), (8, 64));
    }
}
