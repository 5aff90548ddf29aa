//! Summaries of tensors whose elements lie in host memory: one pass, no copy.

use crate::histogram::Histogram;
use crate::summary::{Detail, FullSummary, Summary};

/// Accumulators that run side by side in a full summary.
const FULL_LANES: usize = 8;

/// A floating-point element that can be summarised on the host.
pub(crate) trait Element: Copy + Send + Sync {
    /// Smallest positive normal number of the type, as `f64`.
    const MIN_NORMAL: f64;
    fn widen(self) -> f64;
    /// What to divide by so that the squares of these values stay within `f64`.
    fn scale_of(values: &[Self]) -> f64;
    /// Σ (x / scale)².
    fn square_sum(values: &[Self], scale: f64) -> f64;
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
    fn square_sum(values: &[Self], _scale: f64) -> f64 {
        pulp::Arch::new().dispatch(SquareSum { values })
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

    fn square_sum(values: &[Self], scale: f64) -> f64 {
        wide_square_sum(values, scale)
    }
}

/// Summarises `values`.
pub(crate) fn summarise<E: Element>(values: &[E], detail: Detail) -> Summary {
    let scale = E::scale_of(values);
    Summary {
        count: values.len() as u64,
        scale,
        square_sum: E::square_sum(values, scale),
        full: (detail == Detail::Full).then(|| Box::new(full_summary(values, scale))),
    }
}

/// Σ x², summed in `f32` vectors over blocks and in `f64` over the blocks.
struct SquareSum<'a> {
    values: &'a [f32],
}

/// Elements of a block: so few that their `f32` sum, spread over the lanes of four vectors, is good
/// to a few units in the last place.
const BLOCK: usize = 1_024;

/// Within these bounds of a block's sum no square that matters to it underflowed or overflowed.
const SAFE_SUMS: std::ops::Range<f64> = 1e-28..1e37;

impl pulp::WithSimd for SquareSum<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) -> f64 {
        let block_sum = |block: &[f32]| {
            let (vectors, rest) = S::as_simd_f32s(block);
            let (fours, singles) = vectors.as_chunks::<4>();
            let mut sums = [simd.splat_f32s(0.0); 4];
            for four in fours {
                for (sum, x) in sums.iter_mut().zip(four) {
                    *sum = simd.mul_add_e_f32s(*x, *x, *sum);
                }
            }
            for (sum, x) in sums.iter_mut().zip(singles) {
                *sum = simd.mul_add_e_f32s(*x, *x, *sum);
            }
            let [a, b, c, d] = sums;
            let sum = simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d));
            f64::from(simd.reduce_sum_f32s(sum)) + wide_square_sum(rest, 1.0)
        };
        let exact = |block: &[f32]| match block_sum(block) {
            sum if SAFE_SUMS.contains(&sum) => sum,
            _ => wide_square_sum(block, 1.0),
        };
        self.values.chunks(BLOCK).map(exact).sum()
    }
}

/// Σ (x / scale)² in `f64`.
#[inline(always)]
fn wide_square_sum<E: Element>(values: &[E], scale: f64) -> f64 {
    let factor = scale.recip();
    values.iter().map(|x| (x.widen() * factor).powi(2)).sum()
}

/// Everything else in one pass without branches, then the histogram.
fn full_summary<E: Element>(values: &[E], scale: f64) -> FullSummary {
    let lanes = pulp::Arch::new().dispatch(FullLanes { values });
    let total = |of: fn(&Lane) -> f64| lanes.iter().map(of).sum::<f64>();
    let not_finite = total(|lane| lane.not_finite) as u64;
    let nans = match not_finite {
        0 => 0,
        _ => values.iter().filter(|x| x.widen().is_nan()).count() as u64,
    };
    FullSummary {
        sum: total(|lane| lane.sum) / scale,
        absolute_sum: total(|lane| lane.absolute_sum) / scale,
        max_absolute: lanes.iter().map(|lane| lane.max_absolute).fold(0.0, f64::max),
        zeros: total(|lane| lane.zeros) as u64,
        subnormals: total(|lane| lane.below_normal - lane.zeros) as u64,
        nans,
        infinities: not_finite - nans,
        histogram: Histogram::of(values.iter().map(|x| x.widen().abs())),
    }
}

struct FullLanes<'a, E> {
    values: &'a [E],
}

impl<E: Element> pulp::WithSimd for FullLanes<'_, E> {
    type Output = [Lane; FULL_LANES];

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Self::Output {
        let mut lanes = [Lane::default(); FULL_LANES];
        let (chunks, rest) = self.values.as_chunks::<FULL_LANES>();
        for chunk in chunks {
            for lane in 0..FULL_LANES {
                lanes[lane].add::<E>(chunk[lane].widen());
            }
        }
        for (lane, x) in rest.iter().enumerate() {
            lanes[lane].add::<E>(x.widen());
        }
        lanes
    }
}

/// Partial results of one vector lane; counts are `f64` so that all fields have one width.
#[derive(Clone, Copy, Default)]
struct Lane {
    sum: f64,
    absolute_sum: f64,
    max_absolute: f64,
    zeros: f64,
    below_normal: f64,
    not_finite: f64,
}

impl Lane {
    #[inline(always)]
    fn add<E: Element>(&mut self, value: f64) {
        let is_finite = value.abs() < f64::INFINITY; // false for NaN
        let value = if is_finite { value } else { 0.0 };
        let magnitude = value.abs();
        let count = |condition: bool| if condition { 1.0 } else { 0.0 };
        self.sum += value;
        self.absolute_sum += magnitude;
        self.max_absolute =
            if magnitude > self.max_absolute { magnitude } else { self.max_absolute };
        self.zeros += count(is_finite && magnitude == 0.0);
        self.below_normal += count(is_finite && magnitude < E::MIN_NORMAL);
        self.not_finite += count(!is_finite);
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
