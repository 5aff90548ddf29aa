//! Training and test examples.

use rand_core::Rng;

use crate::examples::Examples;
use crate::rng::{Purpose, rng};

/// Training examples and test examples.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainTest {
    /// For training.
    pub train: Examples,
    /// For testing.
    pub test: Examples,
}

/// Splits examples so that each stratum has the same share in both parts, to within one example.
///
/// One example in `test_one_in` goes to the test part. `strata` holds the stratum of each example, which
/// may be finer than the target. Within a stratum, `seed` decides at random; rows keep their order.
///
/// # Panics
///
/// Panics if there is not one stratum per example, or `test_one_in` is 0.
pub fn stratified_split(
    examples: &Examples,
    strata: &[u8],
    test_one_in: usize,
    seed: u64,
) -> TrainTest {
    assert_eq!(strata.len(), examples.len(), "each example needs a stratum");
    let [train, test] = stratified_indices(strata, test_one_in, seed);
    TrainTest { train: examples.select(&train), test: examples.select(&test) }
}

/// Splits in the same way and returns the indices of the training and of the test examples, each in order.
///
/// # Panics
///
/// Panics if `test_one_in` is 0.
pub fn stratified_indices(strata: &[u8], test_one_in: usize, seed: u64) -> [Vec<usize>; 2] {
    assert!(test_one_in > 0, "one example in none cannot be for testing");
    let mut rng = rng(seed, Purpose::Split);
    let mut is_test = vec![false; strata.len()];
    for stratum in 0..=u8::MAX {
        let of_stratum = strata.iter().enumerate().filter(|(_, s)| **s == stratum);
        let mut members: Vec<usize> = of_stratum.map(|(index, _)| index).collect();
        let tested = (members.len() + test_one_in / 2) / test_one_in;
        for _ in 0..tested {
            // With 64 bits over a few thousand members, the bias of the remainder is below 1e-15.
            let chosen = (rng.next_u64() % members.len() as u64) as usize;
            is_test[members.swap_remove(chosen)] = true;
        }
    }
    let part = |test: bool| (0..strata.len()).filter(|index| is_test[*index] == test).collect();
    [part(false), part(true)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stratum_is_split_in_proportion_and_nothing_is_lost() {
        let strata: Vec<u8> = (0..103).map(|i| u8::from(i % 3 == 0)).collect();
        let inputs: Vec<f32> = (0..103).map(|i| i as f32).collect();
        let targets: Vec<f32> = strata.iter().map(|s| f32::from(*s)).collect();
        let examples = Examples::new(1, inputs, targets).unwrap();
        let split = stratified_split(&examples, &strata, 5, 1);
        let ones = |part: &Examples| part.targets().iter().filter(|t| **t == 1.0).count();
        assert_eq!((split.test.len(), ones(&split.test)), (21, 7));
        let mut all: Vec<f32> =
            split.train.inputs().iter().chain(split.test.inputs()).copied().collect();
        all.sort_by(f32::total_cmp);
        assert_eq!(all, examples.inputs());
        assert_ne!(split, stratified_split(&examples, &strata, 5, 2));
    }
}
