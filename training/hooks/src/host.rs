//! Summaries of tensors whose elements lie in host memory: one pass, no copy.

use crate::histogram::Histogram;
use crate::summary::{Detail, FullSummary, Summary};

/// A floating-point element that can be summarised on the host.
pub(crate) trait Element: Copy + PartialEq + Default + Send + Sync {
    /// Smallest positive normal number of the type, as `f64`.
    const MIN_NORMAL: f64;
    fn widen(self) -> f64;
    /// What to divide by so that the squares of these values stay within `f64`.
    fn scale_of(values: &[Self]) -> f64;
    /// Σ x / scale and Σ (x / scale)²; the first may be left at 0 if only the norm is wanted.
    fn moments(values: &[Self], scale: f64, detail: Detail) -> Moments;
    fn tally(values: &[Self]) -> Tally;
    fn histogram(values: &[Self]) -> Histogram;
}

/// The sums of the first two powers.
#[derive(Clone, Copy, Default)]
pub(crate) struct Moments {
    sum: f64,
    square_sum: f64,
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

    /// Compiled for several instruction sets, of which the running processor chooses.
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

/// Σ x², and Σ x if `SUM`, in `f32` vectors over blocks and in `f64` over the blocks.
struct BlockSums<'a, const SUM: bool> {
    values: &'a [f32],
}

/// Elements of a block: so few that their `f32` sum, spread over the lanes of four vectors, is good
/// to a few units in the last place.
const BLOCK: usize = 1_024;

/// Within these bounds of a block's sum no square that matters to it underflowed or overflowed.
const SAFE_SUMS: std::ops::Range<f64> = 1e-28..1e37;

impl<const SUM: bool> pulp::WithSimd for BlockSums<'_, SUM> {
    type Output = Moments;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) -> Moments {
        let reduce = |vectors: [S::f32s; 4]| {
            let [a, b, c, d] = vectors;
            let sum = simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d));
            f64::from(simd.reduce_sum_f32s(sum))
        };
        let block_moments = |block: &[f32]| {
            let (vectors, rest) = S::as_simd_f32s(block);
            let (fours, singles) = vectors.as_chunks::<4>();
            let mut sums = [simd.splat_f32s(0.0); 4];
            let mut squares = sums;
            for four in fours.iter().map(|four| &four[..]).chain([singles]) {
                for (lane, x) in four.iter().enumerate() {
                    squares[lane] = simd.mul_add_e_f32s(*x, *x, squares[lane]);
                    if SUM {
                        sums[lane] = simd.add_f32s(sums[lane], *x);
                    }
                }
            }
            let rest = wide_moments(rest, 1.0);
            let sum = if SUM { reduce(sums) + rest.sum } else { 0.0 };
            Moments { sum, square_sum: reduce(squares) + rest.square_sum }
        };
        let mut total = Moments::default();
        for block in self.values.chunks(BLOCK) {
            let mut moments = block_moments(block);
            if !SAFE_SUMS.contains(&moments.square_sum) {
                moments = wide_moments(block, 1.0);
            }
            total.sum += moments.sum;
            total.square_sum += moments.square_sum;
        }
        total
    }
}

/// Σ x / scale and Σ (x / scale)² in `f64`.
#[inline(always)]
fn wide_moments<E: Element>(values: &[E], scale: f64) -> Moments {
    let factor = scale.recip();
    values.iter().fold(Moments::default(), |moments, x| {
        let x = x.widen() * factor;
        Moments { sum: moments.sum + x, square_sum: moments.square_sum + x * x }
    })
}

/// The share of values whose slope `slope(a)` is below `bound`.
pub(crate) fn share_below<E: Element>(values: &[E], slope: impl Fn(f64) -> f64, bound: f64) -> f64 {
    let below = values.iter().map(|a| f64::from(u8::from(slope(a.widen()) < bound)));
    below.sum::<f64>() / values.len().max(1) as f64
}

/// The share of units that are zero everywhere; values are `[outer, units, inner]`.
pub(crate) fn dead_share<E: Element>(values: &[E], [_, units, inner]: [usize; 3]) -> f64 {
    let zero = E::default();
    let mut dead: Vec<usize> = (0..units).collect();
    // Most units are alive in the first example: what is left to look at shrinks at once.
    for example in values.chunks(units * inner) {
        dead.retain(|unit| example[unit * inner..][..inner].iter().all(|a| *a == zero));
        if dead.is_empty() {
            break;
        }
    }
    dead.len() as f64 / units.max(1) as f64
}

/// Everything else: the counts without branches, then the histogram.
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

/// What a pass over the magnitudes of finite elements gives.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    absolute_sum: f64,
    max_absolute: f64,
    zeros: u64,
    below_normal: u64,
    not_finite: u64,
}

impl Tally {
    fn add<E: Element>(&mut self, value: E) {
        let magnitude = value.widen().abs();
        if magnitude < f64::INFINITY {
            self.absolute_sum += magnitude;
            self.max_absolute = self.max_absolute.max(magnitude);
            self.zeros += u64::from(magnitude == 0.0);
            self.below_normal += u64::from(magnitude < E::MIN_NORMAL);
        } else {
            self.not_finite += 1; // NaN is not below infinity either
        }
    }

    fn merge(self, other: Self) -> Self {
        Self {
            absolute_sum: self.absolute_sum + other.absolute_sum,
            max_absolute: self.max_absolute.max(other.max_absolute),
            zeros: self.zeros + other.zeros,
            below_normal: self.below_normal + other.below_normal,
            not_finite: self.not_finite + other.not_finite,
        }
    }
}

/// The tally of `f32` by vectors over blocks, whose lanes count exactly.
struct BlockTally<'a> {
    values: &'a [f32],
}

impl pulp::WithSimd for BlockTally<'_> {
    type Output = Tally;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) -> Tally {
        let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
        let infinity = simd.splat_f32s(f32::INFINITY);
        let min_normal = simd.splat_f32s(f32::MIN_POSITIVE);
        let mut total = Tally::default();
        for block in self.values.chunks(BLOCK) {
            let (vectors, rest) = S::as_simd_f32s(block);
            let (mut sum, mut max) = (zero, zero);
            let (mut zeros, mut below, mut finite) = (zero, zero, zero);
            for x in vectors {
                let magnitude = simd.abs_f32s(*x);
                let is_finite = simd.less_than_f32s(magnitude, infinity);
                let magnitude = simd.select_f32s(is_finite, magnitude, zero);
                let counted = simd.select_f32s(is_finite, one, zero);
                let is_below = simd.less_than_f32s(magnitude, min_normal);
                let is_zero = simd.equal_f32s(magnitude, zero);
                sum = simd.add_f32s(sum, magnitude);
                max = simd.max_f32s(max, magnitude);
                finite = simd.add_f32s(finite, counted);
                below = simd.add_f32s(below, simd.select_f32s(is_below, counted, zero));
                zeros = simd.add_f32s(zeros, simd.select_f32s(is_zero, counted, zero));
            }
            let count = |lanes| f64::from(simd.reduce_sum_f32s(lanes)) as u64;
            let mut tally = Tally {
                absolute_sum: f64::from(simd.reduce_sum_f32s(sum)),
                max_absolute: f64::from(simd.reduce_max_f32s(max)),
                zeros: count(zeros),
                below_normal: count(below),
                not_finite: (block.len() - rest.len()) as u64 - count(finite),
            };
            if !SAFE_SUMS.contains(&tally.absolute_sum) {
                tally = Tally::default();
                block.iter().for_each(|x| tally.add(*x));
            } else {
                rest.iter().for_each(|x| tally.add(*x));
            }
            total = total.merge(tally);
        }
        total
    }
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
