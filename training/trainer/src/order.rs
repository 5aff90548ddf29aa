//! The order of the training examples.

use chacha20::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// Keeps the order of batches independent of the weights drawn from the same seed.
const ORDER_STREAM: u64 = 2;

/// Shuffled batches of indices, epoch after epoch; a seed gives the same order on every back end.
#[derive(Debug)]
pub struct BatchOrder {
    rng: ChaCha8Rng,
    indices: Vec<i32>,
    batch_size: usize,
    position: usize,
}

impl BatchOrder {
    /// Creates the order of `seed` for `examples` examples in batches of `batch_size`.
    ///
    /// The last batch of an epoch holds the remaining examples. If the batch size exceeds the number
    /// of examples, each batch holds all of them.
    pub fn new(seed: u64, examples: usize, batch_size: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(ORDER_STREAM);
        Self { rng, indices: (0..examples as i32).collect(), batch_size, position: 0 }
    }

    /// Returns the number of batches in an epoch.
    pub fn batches_per_epoch(&self) -> u64 {
        self.indices.len().div_ceil(self.batch_size) as u64
    }

    /// Returns the next batch; each epoch starts with a new shuffle.
    pub fn next_batch(&mut self) -> &[i32] {
        if self.position == 0 {
            self.shuffle();
        }
        let start = self.position;
        let end = (start + self.batch_size).min(self.indices.len());
        self.position = if end == self.indices.len() { 0 } else { end };
        &self.indices[start..end]
    }

    /// Skips batches; only the shuffles are computed.
    pub fn skip(&mut self, batches: u64) {
        for _ in 0..batches {
            self.next_batch();
        }
    }

    /// Shuffles by Fisher–Yates.
    fn shuffle(&mut self) {
        for last in (1..self.indices.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            self.indices.swap(last, other);
        }
    }

    /// Draws a uniform number below `bound` by Lemire's multiplication with rejection.
    fn below(&mut self, bound: u64) -> u64 {
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.rng.next_u64()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(order: &mut BatchOrder) -> Vec<i32> {
        (0..order.batches_per_epoch()).flat_map(|_| order.next_batch().to_vec()).collect()
    }

    #[test]
    fn each_epoch_sees_every_example_once_in_a_new_order() {
        let mut order = BatchOrder::new(5, 103, 10);
        let (first, second) = (epoch(&mut order), epoch(&mut order));
        assert_ne!(first, second);
        for mut seen in [first, second] {
            seen.sort_unstable();
            assert_eq!(seen, (0..103).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_last_batch_holds_what_is_left() {
        let mut order = BatchOrder::new(0, 7, 3);
        let sizes: Vec<usize> = (0..4).map(|_| order.next_batch().len()).collect();
        assert_eq!(sizes, [3, 3, 1, 3]);
        assert_eq!(BatchOrder::new(0, 7, 100).next_batch().len(), 7);
    }

    #[test]
    fn the_order_depends_on_the_seed_alone() {
        let order = |seed| epoch(&mut BatchOrder::new(seed, 50, 8));
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }

    #[test]
    fn skipping_leads_to_the_same_batches() {
        for skipped in [0, 1, 6, 7, 8, 40] {
            let (mut walked, mut jumped) = (BatchOrder::new(3, 50, 8), BatchOrder::new(3, 50, 8));
            (0..skipped).for_each(|_| drop(walked.next_batch().to_vec()));
            jumped.skip(skipped);
            assert_eq!(walked.next_batch(), jumped.next_batch());
        }
    }

    #[test]
    fn every_permutation_of_three_comes_up_equally_often() {
        let mut counts = std::collections::HashMap::new();
        let mut order = BatchOrder::new(9, 3, 3);
        for _ in 0..6_000 {
            *counts.entry(order.next_batch().to_vec()).or_insert(0u32) += 1;
        }
        assert_eq!(counts.len(), 6);
        // The standard deviation of a count is 29; the tolerance is five of them.
        assert!(counts.values().all(|count| count.abs_diff(1_000) < 145), "{counts:?}");
    }
}
