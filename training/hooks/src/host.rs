//! Summaries of tensors whose elements lie in host memory: one pass, no copy.

use crate::histogram::Histogram;
use crate::summary::{Detail, FullSummary, Summary};

/// Accumulators that run side by side, so that the compiler can keep them in vector registers.
const LANES: usize = 16;

/// A floating-point element that can be summarised on the host.
pub(crate) trait Element: Copy + Send + Sync {
    /// Smallest positive normal number of the type, as `f64`.
    const MIN_NORMAL: f64;
    fn widen(self) -> f64;
    /// What to divide by so that the squares of these values stay within `f64`.
    fn scale_of(values: &[Self]) -> f64;
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
}

/// Summarises `values`.
pub(crate) fn summarise<E: Element>(values: &[E], detail: Detail) -> Summary {
    let scale = E::scale_of(values);
    Summary {
        count: values.len() as u64,
        scale,
        square_sum: square_sum(values, scale),
        full: (detail == Detail::Full).then(|| full_summary(values, scale)),
    }
}

/// Σ (x / scale)², compiled for the widest vectors that the running processor has.
fn square_sum<E: Element>(values: &[E], scale: f64) -> f64 {
    let factor = scale.recip();
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            let mut lanes = [0.0f64; LANES];
            let chunks = values.chunks_exact(LANES);
            let rest = chunks.remainder();
            for chunk in chunks {
                for (lane, x) in lanes.iter_mut().zip(chunk) {
                    let x = x.widen() * factor;
                    *lane += x * x;
                }
            }
            let tail: f64 = rest.iter().map(|x| (x.widen() * factor).powi(2)).sum();
            lanes.iter().sum::<f64>() + tail
        },
    )
}

/// Everything else in one pass without branches, then the histogram.
fn full_summary<E: Element>(values: &[E], scale: f64) -> FullSummary {
    let mut lanes = [Lane::default(); LANES / 2];
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            let chunks = values.chunks_exact(LANES / 2);
            let rest = chunks.remainder();
            for chunk in chunks {
                lanes.iter_mut().zip(chunk).for_each(|(lane, x)| lane.add::<E>(x.widen()));
            }
            lanes.iter_mut().zip(rest).for_each(|(lane, x)| lane.add::<E>(x.widen()));
        },
    );
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
        for length in [0, 1, 15, 16, 17, 100] {
            let values: Vec<f32> = (0..length).map(|i| i as f32 - 3.5).collect();
            let expected: f64 = values.iter().map(|x| f64::from(*x).powi(2)).sum();
            let summary = summarise(&values, Detail::Norm);
            assert!(close(summary.norm(), expected.sqrt()) || length == 0, "length {length}");
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
