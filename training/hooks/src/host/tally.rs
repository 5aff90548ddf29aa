//! Counts and extremes of magnitudes.

use super::Element;
use super::moments::{BLOCK, SAFE_SUMS};

/// Result of a pass over the magnitudes of the finite elements.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(super) absolute_sum: f64,
    pub(super) max_absolute: f64,
    pub(super) zeros: u64,
    pub(super) below_normal: u64,
    pub(super) not_finite: u64,
}

impl Tally {
    pub(super) fn add<E: Element>(&mut self, value: E) {
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

/// The tally of `f32` values in vectors. Blocks are short enough for their lanes to count exactly.
pub(super) struct BlockTally<'a> {
    pub(super) values: &'a [f32],
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
