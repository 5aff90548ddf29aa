//! Products of small matrices, using the widest vectors of the processor.
//!
//! General matrix multiplication packs both factors on each call, which takes longer than the
//! arithmetic for a few dozen rows. Here the left factor is read in place, by rows or by columns;
//! the right one is copied only if its rows are not whole vectors.

use std::borrow::Cow;
use std::ops::Range;

use pulp::{Simd, WithSimd};

/// The left factor, `[rows, inner]`, as a strided view of a slice.
#[derive(Clone, Copy)]
pub struct Left<'a> {
    values: &'a [f32],
    rows: usize,
    inner: usize,
    /// Values from one row to the next, and from one column to the next.
    strides: [usize; 2],
}

impl<'a> Left<'a> {
    /// Takes `values` as `[rows, inner]`.
    ///
    /// # Panics
    ///
    /// Panics if the number of values does not match.
    pub fn by_rows(values: &'a [f32], rows: usize, inner: usize) -> Self {
        assert_eq!(values.len(), rows * inner, "a matrix of {rows} × {inner}");
        Self { values, rows, inner, strides: [inner, 1] }
    }

    /// Takes `values` as `[inner, rows]`, transposed.
    ///
    /// # Panics
    ///
    /// Panics if the number of values does not match.
    pub fn by_columns(values: &'a [f32], rows: usize, inner: usize) -> Self {
        assert_eq!(values.len(), rows * inner, "a matrix of {inner} × {rows}");
        Self { values, rows, inner, strides: [1, rows] }
    }

    /// Selects a range of rows.
    ///
    /// # Panics
    ///
    /// Panics if the range is out of bounds.
    pub fn rows(self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.rows, "rows of a matrix");
        let values = &self.values[range.start * self.strides[0]..];
        Self { values, rows: range.len(), ..self }
    }
}

/// The right factor, `[inner, outer]`, with rows padded to whole vectors.
pub struct Right<'a> {
    values: Cow<'a, [f32]>,
    outer: usize,
    /// Values from one row to the next.
    stride: usize,
}

/// Lanes of the widest vectors there are.
const WIDEST: usize = 16;

impl<'a> Right<'a> {
    /// Takes `values` as `[inner, outer]`, copying them only if `outer` is not a multiple of 16.
    pub fn by_rows(values: &'a [f32], outer: usize) -> Self {
        let stride = outer.next_multiple_of(WIDEST);
        if stride == outer {
            return Self { values: Cow::Borrowed(values), outer, stride };
        }
        let mut padded = vec![0.0; values.len() / outer.max(1) * stride];
        let rows = values.chunks_exact(outer.max(1));
        for (padded, row) in padded.chunks_exact_mut(stride.max(1)).zip(rows) {
            padded[..outer].copy_from_slice(row);
        }
        Self { values: Cow::Owned(padded), outer, stride }
    }

    /// Copies `values`, `[outer, inner]`, transposed.
    pub fn by_columns(values: &[f32], outer: usize) -> Self {
        let (inner, stride) = (values.len() / outer.max(1), outer.next_multiple_of(WIDEST));
        let mut rows = vec![0.0; inner * stride];
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || transpose(values, inner, &mut rows, stride),
        );
        Self { values: Cow::Owned(rows), outer, stride }
    }
}

/// Side of the blocks that are transposed at once, so that each cache line is used while it is
/// cached.
const BLOCK: usize = 8;

/// Writes the transpose of `values`, `[outer, inner]`, as rows of `stride` values.
#[inline(always)]
fn transpose(values: &[f32], inner: usize, rows: &mut [f32], stride: usize) {
    for (strip, columns) in values.chunks(inner.max(1) * BLOCK).enumerate() {
        for (row, target) in rows.chunks_exact_mut(stride.max(1)).enumerate() {
            let target = &mut target[strip * BLOCK..];
            for (value, column) in target.iter_mut().zip(columns.chunks_exact(inner)) {
                *value = column[row];
            }
        }
    }
}

/// Writes the product of `left`, `[rows, inner]`, and `right`, `[inner, outer]`, to `out`,
/// `[rows, outer]`.
///
/// # Panics
///
/// Panics if the sizes do not match.
pub fn multiply(left: Left<'_>, right: &Right<'_>, out: &mut [f32]) {
    assert_eq!(right.values.len(), left.inner * right.stride, "factors that fit");
    assert_eq!(out.len(), left.rows * right.outer, "room for the product");
    pulp::Arch::new().dispatch(Multiply { left, right, out });
}

struct Multiply<'a> {
    left: Left<'a>,
    right: &'a Right<'a>,
    out: &'a mut [f32],
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let vectors = self.right.stride / S::F32_LANES;
        let mut at = 0;
        while at < vectors {
            at += match vectors - at {
                4.. if S::REGISTER_COUNT >= 32 => self.panel::<S, 6, 4>(simd, at),
                2.. if S::REGISTER_COUNT >= 32 => self.panel::<S, 12, 2>(simd, at),
                2.. => self.panel::<S, 6, 2>(simd, at),
                _ => self.panel::<S, 12, 1>(simd, at),
            };
        }
    }
}

impl Multiply<'_> {
    /// Computes `VECTORS` vectors of each row; returns `VECTORS`.
    #[inline(always)]
    fn panel<S: Simd, const ROWS: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        at: usize,
    ) -> usize {
        let mut row = 0;
        while row < self.left.rows {
            row += match self.left.rows - row {
                rows if rows >= ROWS => self.tile::<S, ROWS, VECTORS>(simd, row, at),
                4.. => self.tile::<S, 4, VECTORS>(simd, row, at),
                2.. => self.tile::<S, 2, VECTORS>(simd, row, at),
                _ => self.tile::<S, 1, VECTORS>(simd, row, at),
            };
        }
        VECTORS
    }

    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        row: usize,
        at: usize,
    ) -> usize {
        let Left { values, inner, strides: [down, across], .. } = self.left;
        let start = at * S::F32_LANES;
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let left = &values[row * down..];
        for (k, right) in self.right.values.chunks_exact(self.right.stride).take(inner).enumerate()
        {
            let (vectors, _) = S::as_simd_f32s(&right[start..][..VECTORS * S::F32_LANES]);
            let left = &left[k * across..];
            for (i, sums) in sums.iter_mut().enumerate() {
                let x = simd.splat_f32s(left[i * down]);
                for (sum, vector) in sums.iter_mut().zip(vectors) {
                    *sum = simd.mul_add_e_f32s(x, *vector, *sum);
                }
            }
        }
        let outer = self.right.outer;
        for (i, sums) in sums.iter().enumerate() {
            let out = &mut self.out[(row + i) * outer..][..outer];
            for (j, sum) in sums.iter().enumerate() {
                let start = (start + j * S::F32_LANES).min(outer);
                let end = (start + S::F32_LANES).min(outer);
                simd.partial_store_f32s(&mut out[start..end], *sum);
            }
        }
        ROWS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_any_size_are_right() {
        let sizes = [(1, 1, 1), (5, 3, 7), (13, 12, 48), (32, 17, 33), (37, 64, 100), (64, 32, 64)];
        for (rows, inner, outer) in sizes {
            let values = |count: usize, step: f32| -> Vec<f32> {
                (0..count).map(|i| (i as f32 * step).sin()).collect()
            };
            let (left, right) = (values(rows * inner, 0.7), values(inner * outer, 0.3));
            let ways: [(Left<'_>, [usize; 2]); 2] = [
                (Left::by_rows(&left, rows, inner), [inner, 1]),
                (Left::by_columns(&left, rows, inner), [1, rows]),
            ];
            for (way, left_at) in ways {
                for (factor, right_at) in [
                    (Right::by_rows(&right, outer), [outer, 1]),
                    (Right::by_columns(&right, outer), [1, inner]),
                ] {
                    let mut out = vec![f32::NAN; rows * outer];
                    multiply(way, &factor, &mut out);
                    for (i, out) in out.iter().enumerate() {
                        let (row, column) = (i / outer, i % outer);
                        let exact = (0..inner).map(|k| {
                            f64::from(left[row * left_at[0] + k * left_at[1]])
                                * f64::from(right[k * right_at[0] + column * right_at[1]])
                        });
                        let exact = exact.sum::<f64>();
                        assert!((f64::from(*out) - exact).abs() < 1e-5, "{rows}×{inner}×{outer}");
                    }
                }
            }
        }
    }
}
