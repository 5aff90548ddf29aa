//! Sums of elements and of their squares.

use super::Element;

/// Sums of the first two powers.
#[derive(Clone, Copy, Default)]
pub(crate) struct Moments {
    pub(super) sum: f64,
    pub(super) square_sum: f64,
}

/// Σ x², and Σ x if `SUM`: in `f32` vectors within blocks, in `f64` over the blocks.
pub(super) struct BlockSums<'a, const SUM: bool> {
    pub(super) values: &'a [f32],
}

/// Elements of a block: few enough that their `f32` sum, spread over the lanes of four vectors, is
/// accurate to a few units in the last place.
pub(super) const BLOCK: usize = 1_024;

/// If a block's sum is within these bounds, no square that matters to it has underflowed or
/// overflowed.
pub(super) const SAFE_SUMS: std::ops::Range<f64> = 1e-28..1e37;

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
pub(super) fn wide_moments<E: Element>(values: &[E], scale: f64) -> Moments {
    let factor = scale.recip();
    values.iter().fold(Moments::default(), |moments, x| {
        let x = x.widen() * factor;
        Moments { sum: moments.sum + x, square_sum: moments.square_sum + x * x }
    })
}
