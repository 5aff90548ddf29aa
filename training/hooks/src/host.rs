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
        let largest = values.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
        if largest > 0.0 && largest.is_finite() { largest } else { 1.0 }
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

fn full_summary<E: Element>(values: &[E], scale: f64) -> FullSummary {
    let mut full = FullSummary {
        sum: 0.0,
        absolute_sum: 0.0,
        max_absolute: 0.0,
        zeros: 0,
        subnormals: 0,
        nans: 0,
        infinities: 0,
        histogram: Histogram::empty(),
    };
    for value in values {
        let value = value.widen();
        let magnitude = value.abs();
        if magnitude == 0.0 {
            full.zeros += 1;
        } else if magnitude < f64::INFINITY {
            full.sum += value / scale;
            full.absolute_sum += magnitude / scale;
            full.max_absolute = full.max_absolute.max(magnitude);
            full.subnormals += u64::from(magnitude < E::MIN_NORMAL);
            full.histogram.add(magnitude);
        } else if value.is_nan() {
            full.nans += 1;
        } else {
            full.infinities += 1;
        }
    }
    full
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
        assert_eq!(merged, summarise(&both, Detail::Full));
    }
}
