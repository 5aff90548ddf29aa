//! Summaries of tensors in host memory: one pass, no copy.

mod moments;
mod shares;
mod tally;

pub(crate) use shares::{dead_share, share_below};

use moments::{BLOCK, BlockSums, Moments, wide_moments};
use tally::{BlockTally, Tally};

use crate::histogram::Histogram;
use crate::summary::{Detail, FullSummary, Summary};

/// A floating-point element that can be summarised on the host.
pub(crate) trait Element: Copy + PartialEq + Default + Send + Sync {
    /// Smallest positive normal number of the type, as `f64`.
    const MIN_NORMAL: f64;
    fn widen(self) -> f64;
    /// Returns the divisor that keeps the squares of these values within the range of `f64`.
    fn scale_of(values: &[Self]) -> f64;
    /// Σ x / scale and Σ (x / scale)²; the first may be left at 0 if only the norm is wanted.
    fn moments(values: &[Self], scale: f64, detail: Detail) -> Moments;
    fn tally(values: &[Self]) -> Tally;
    fn histogram(values: &[Self]) -> Histogram;
}

impl Element for f32 {
    const MIN_NORMAL: f64 = f32::MIN_POSITIVE as f64;

    fn widen(self) -> f64 {
        f64::from(self)
    }

    /// The square of any finite `f32`, subnormal ones included, is a normal `f64`.
    fn scale_of(_: &[Self]) -> f64 {
        1.0
    }

    /// Compiled for several instruction sets; the best one that the processor has is chosen at run
    /// time.
    fn moments(values: &[Self], _scale: f64, detail: Detail) -> Moments {
        match detail {
            Detail::Norm => pulp::Arch::new().dispatch(BlockSums::<false> { values }),
            _ => pulp::Arch::new().dispatch(BlockSums::<true> { values }),
        }
    }

    fn tally(values: &[Self]) -> Tally {
        pulp::Arch::new().dispatch(BlockTally { values })
    }

    fn histogram(values: &[Self]) -> Histogram {
        Histogram::of_f32(values)
    }
}

impl Element for f64 {
    const MIN_NORMAL: f64 = f64::MIN_POSITIVE;

    fn widen(self) -> f64 {
        self
    }

    fn scale_of(values: &[Self]) -> f64 {
        let finite = values.iter().map(|x| x.abs()).filter(|x| x.is_finite());
        let largest = finite.fold(0.0, f64::max);
        if largest > 0.0 { largest } else { 1.0 }
    }

    fn moments(values: &[Self], scale: f64, _: Detail) -> Moments {
        wide_moments(values, scale)
    }

    fn tally(values: &[Self]) -> Tally {
        let mut tally = Tally::default();
        values.iter().for_each(|x| tally.add(*x));
        tally
    }

    fn histogram(values: &[Self]) -> Histogram {
        Histogram::of(values)
    }
}

/// Summarises `values`.
pub(crate) fn summarise<E: Element>(values: &[E], detail: Detail) -> Summary {
    let scale = E::scale_of(values);
    let moments = E::moments(values, scale, detail);
    Summary {
        count: values.len() as u64,
        scale,
        square_sum: moments.square_sum,
        sum: (detail >= Detail::Moments).then_some(moments.sum),
        full: (detail == Detail::Full).then(|| Box::new(full_summary(values, scale))),
    }
}

/// The full statistics: counts without branches, then the histogram.
fn full_summary<E: Element>(values: &[E], scale: f64) -> FullSummary {
    let tally = E::tally(values);
    let nans = match tally.not_finite {
        0 => 0,
        _ => values.iter().filter(|x| x.widen().is_nan()).count() as u64,
    };
    FullSummary {
        absolute_sum: tally.absolute_sum / scale,
        max_absolute: tally.max_absolute,
        zeros: tally.zeros,
        subnormals: tally.below_normal - tally.zeros,
        nans,
        infinities: tally.not_finite - nans,
        histogram: E::histogram(values),
    }
}

/// Counts the magnitudes below `bound`, zeros among them.
pub(crate) fn count_below(values: &[f32], bound: f64) -> u64 {
    values.iter().map(|x| u64::from(f64::from(x.abs()) < bound)).sum()
}

/// Summarises `a − b`, block by block so that the differences stay in the cache.
pub(crate) fn distance(a: &[f32], b: &[f32]) -> Summary {
    let mut differences = [0.0f32; BLOCK];
    let mut square_sum = 0.0;
    for (a, b) in a.chunks(BLOCK).zip(b.chunks(BLOCK)) {
        let differences = &mut differences[..a.len()];
        for ((difference, a), b) in differences.iter_mut().zip(a).zip(b) {
            *difference = a - b;
        }
        square_sum += f32::moments(differences, 1.0, Detail::Norm).square_sum;
    }
    Summary { count: a.len() as u64, scale: 1.0, square_sum, sum: None, full: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() <= 1e-12 * right.abs()
    }

    #[test]
    fn the_norm_does_not_depend_on_how_the_length_divides_into_lanes() {
        for length in [0, 1, 15, 16, 17, 100, 1_023, 1_025, 5_000] {
            let values: Vec<f32> = (0..length).map(|i| i as f32 - 3.5).collect();
            let expected: f64 = values.iter().map(|x| f64::from(*x).powi(2)).sum();
            let summary = summarise(&values, Detail::Norm);
            let error = (summary.norm() - expected.sqrt()).abs();
            assert!(error <= 3e-7 * expected.sqrt(), "length {length}: {error}");
        }
    }

    #[test]
    fn norms_survive_where_squares_underflow() {
        let tiny = vec![1e-40f32; 64];
        assert!((summarise(&tiny, Detail::Norm).norm() / 8e-40 - 1.0).abs() < 1e-5);
        let tinier = vec![1e-300f64; 64];
        assert!(close(summarise(&tinier, Detail::Norm).norm(), 8e-300));
    }

    #[test]
    fn blocks_beyond_the_range_of_f32_squares_are_summed_in_f64() {
        let mut values = vec![1e-25f32; BLOCK];
        values.extend(vec![1e25f32; 16]);
        let norm = summarise(&values[..BLOCK], Detail::Norm).norm();
        assert!((norm / 3.2e-24 - 1.0).abs() < 1e-6, "{norm}");
        let norm = summarise(&values, Detail::Norm).norm();
        assert!((norm / 4e25 - 1.0).abs() < 1e-6, "{norm}");
    }

    #[test]
    fn zeros_subnormals_and_non_finite_elements_are_told_apart() {
        let values = [0.0f32, -0.0, 2e-40, 2.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        let summary = summarise(&values, Detail::Full);
        assert!(!summary.is_finite());
        let full = summary.full.unwrap();
        assert_eq!((full.zeros, full.subnormals, full.nans, full.infinities), (2, 1, 1, 2));
        assert_eq!(full.max_absolute, 2.0);
        assert_eq!(full.histogram.decades().collect::<Vec<_>>(), [(-40, 1), (0, 1)]);
    }

    #[test]
    fn the_distance_is_the_norm_of_the_difference() {
        let a: Vec<f32> = (0..2_500).map(|i| (i as f32).sin()).collect();
        let b: Vec<f32> = a.iter().map(|x| x - 0.5).collect();
        let norm = distance(&a, &b).norm();
        assert!((norm / 25.0 - 1.0).abs() < 1e-6, "{norm}"); // 0.5 × √2500
    }

    #[test]
    fn the_mean_is_that_of_a_plain_sum() {
        let values: Vec<f32> = (0..3_000).map(|i| (i as f32 * 0.37).sin() + 0.2).collect();
        let expected = values.iter().map(|x| f64::from(*x)).sum::<f64>() / 3_000.0;
        let mean = summarise(&values, Detail::Moments).mean().unwrap();
        assert!((mean - expected).abs() < 1e-7, "{mean} and {expected}");
        assert_eq!(summarise(&values, Detail::Norm).mean(), None);
    }

    #[test]
    fn a_unit_is_dead_if_it_is_zero_for_every_example_and_position() {
        // Two examples of three units at two positions; only the second unit is always zero.
        let values = [1.0f32, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0];
        assert_eq!(dead_share(&values, [2, 3, 2]), 1.0 / 3.0);
    }

    #[test]
    fn merging_equals_summarising_the_concatenation() {
        let left = [1e-200f64, -3e-200];
        let right = [2.0f64, 0.0, -5.0];
        let both: Vec<f64> = left.iter().chain(&right).copied().collect();
        let merged = summarise(&left, Detail::Full).merge(&summarise(&right, Detail::Full));
        let whole = summarise(&both, Detail::Full);
        let (merged_full, whole_full) = (merged.full.clone().unwrap(), whole.full.clone().unwrap());
        assert!(close(merged.norm(), whole.norm()) && merged.count == whole.count);
        assert!(close(merged.mean().unwrap(), whole.mean().unwrap()));
        assert_eq!(merged_full.histogram, whole_full.histogram);
        assert_eq!((merged_full.zeros, merged_full.max_absolute), (1, 5.0));
    }
}
