//! The two products of a convolution, using the widest vectors of the processor.

use pulp::{Simd, WithSimd};

/// A matrix packed for [`Weights::multiply`]: `[tile][column][row of the tile]`, zero-padded.
pub(super) struct Weights {
    values: Vec<f32>,
    columns: usize,
}

/// Rows of a tile on processors with 32 and 16 vector registers, so that the sums stay in
/// registers.
const ROWS: usize = 8;
const NARROW_ROWS: usize = 4;

impl Weights {
    /// Packs `value(row, column)`.
    pub(super) fn new(rows: usize, columns: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let height = tile_rows();
        let mut values = vec![0.0; rows.next_multiple_of(height) * columns];
        for (tile, values) in values.chunks_exact_mut((height * columns).max(1)).enumerate() {
            for (column, values) in values.chunks_exact_mut(height).enumerate() {
                for (row, packed) in (tile * height..rows).zip(values) {
                    *packed = value(row, column);
                }
            }
        }
        Self { values, columns }
    }

    /// For each tile of rows, computes `out[row][p] = Σ_k weight[row][k] · planes[offsets[k] + p]`
    /// for `p < length`, a multiple of 16, and passes it to `take` with the index of the first row.
    pub(super) fn multiply(
        &self,
        planes: &[f32],
        offsets: &[usize],
        length: usize,
        mut take: impl FnMut(usize, &[f32]),
    ) {
        let height = tile_rows();
        let mut out = vec![0.0; height * length];
        let tiles = self.values.chunks_exact((height * self.columns).max(1));
        for (tile, weights) in tiles.enumerate() {
            pulp::Arch::new().dispatch(Multiply {
                weights,
                planes,
                offsets,
                length,
                out: &mut out,
            });
            take(tile * height, &out);
        }
    }
}

/// Returns the number of rows in a tile on this processor.
pub(super) fn tile_rows() -> usize {
    struct TileRows;
    impl WithSimd for TileRows {
        type Output = usize;
        fn with_simd<S: Simd>(self, _: S) -> usize {
            if S::REGISTER_COUNT >= 32 { ROWS } else { NARROW_ROWS }
        }
    }
    pulp::Arch::new().dispatch(TileRows)
}

struct Multiply<'a> {
    weights: &'a [f32],
    planes: &'a [f32],
    offsets: &'a [usize],
    length: usize,
    out: &'a mut [f32],
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let vectors = self.length / S::F32_LANES;
        let mut at = 0;
        if S::REGISTER_COUNT >= 32 {
            while at < vectors {
                match vectors - at {
                    1 => at += self.tile::<S, ROWS, 1>(simd, at),
                    2 | 4 => at += self.tile::<S, ROWS, 2>(simd, at),
                    _ => at += self.tile::<S, ROWS, 3>(simd, at),
                }
            }
        } else {
            while at < vectors {
                match vectors - at {
                    1 => at += self.tile::<S, NARROW_ROWS, 1>(simd, at),
                    _ => at += self.tile::<S, NARROW_ROWS, 2>(simd, at),
                }
            }
        }
    }
}

impl Multiply<'_> {
    /// Computes `VECTORS` vectors of each row of the tile; returns `VECTORS`.
    #[inline(always)]
    fn tile<S: Simd, const HEIGHT: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        at: usize,
    ) -> usize {
        let (start, width) = (at * S::F32_LANES, VECTORS * S::F32_LANES);
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; HEIGHT];
        let (columns, _) = self.weights.as_chunks::<HEIGHT>();
        for (column, offset) in columns.iter().zip(self.offsets) {
            let (vectors, _) = S::as_simd_f32s(&self.planes[offset + start..][..width]);
            for (sums, weight) in sums.iter_mut().zip(column) {
                let weight = simd.splat_f32s(*weight);
                for (sum, vector) in sums.iter_mut().zip(vectors) {
                    *sum = simd.mul_add_e_f32s(weight, *vector, *sum);
                }
            }
        }
        for (sums, out) in sums.iter().zip(self.out.chunks_exact_mut(self.length)) {
            let (out, _) = S::as_mut_simd_f32s(&mut out[start..][..width]);
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = *sum;
            }
        }
        VECTORS
    }
}

/// Planes of several images with the same layout.
#[derive(Clone, Copy)]
pub(super) struct Planes<'a> {
    pub(super) values: &'a [f32],
    /// Number of values per image.
    pub(super) image: usize,
}

/// Adds `Σ_image Σ_p left[image][left_offsets[row] + p] · right[image][right_offsets[k] + p]`, for
/// `p < length`, a multiple of 16, to `out[row][k]`.
pub(super) fn correlate(
    (left, left_offsets): (Planes<'_>, &[usize]),
    (right, right_offsets): (Planes<'_>, &[usize]),
    length: usize,
    out: &mut [f32],
) {
    pulp::Arch::new().dispatch(Correlate { left, left_offsets, right, right_offsets, length, out });
}

struct Correlate<'a> {
    left: Planes<'a>,
    left_offsets: &'a [usize],
    right: Planes<'a>,
    right_offsets: &'a [usize],
    length: usize,
    out: &'a mut [f32],
}

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut row = 0;
        while row < self.left_offsets.len() {
            let rows = self.left_offsets.len() - row;
            row += match (S::REGISTER_COUNT >= 32, rows) {
                (true, 4..) => self.rows::<S, 4, 6>(simd, row),
                (false, 2..) => self.rows::<S, 2, 4>(simd, row),
                _ => self.rows::<S, 1, 6>(simd, row),
            };
        }
    }
}

impl Correlate<'_> {
    #[inline(always)]
    fn rows<S: Simd, const ROWS: usize, const COLUMNS: usize>(
        &mut self,
        simd: S,
        row: usize,
    ) -> usize {
        let mut column = 0;
        while column < self.right_offsets.len() {
            column += match self.right_offsets.len() - column {
                columns if columns >= COLUMNS => self.tile::<S, ROWS, COLUMNS>(simd, row, column),
                3.. => self.tile::<S, ROWS, 3>(simd, row, column),
                _ => self.tile::<S, ROWS, 1>(simd, row, column),
            };
        }
        ROWS
    }

    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const COLUMNS: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
    ) -> usize {
        let mut sums = [[simd.splat_f32s(0.0); COLUMNS]; ROWS];
        let images = self.left.values.chunks_exact(self.left.image);
        for (left, right) in images.zip(self.right.values.chunks_exact(self.right.image)) {
            let left: [&[S::f32s]; ROWS] = std::array::from_fn(|i| {
                S::as_simd_f32s(&left[self.left_offsets[row + i]..][..self.length]).0
            });
            let right: [&[S::f32s]; COLUMNS] = std::array::from_fn(|i| {
                S::as_simd_f32s(&right[self.right_offsets[column + i]..][..self.length]).0
            });
            for p in 0..self.length / S::F32_LANES {
                // Index loops: values passed to closures may be spilled from registers.
                let mut vectors = [simd.splat_f32s(0.0); COLUMNS];
                for (vector, right) in vectors.iter_mut().zip(&right) {
                    *vector = right[p];
                }
                for (sums, left) in sums.iter_mut().zip(&left) {
                    for (sum, vector) in sums.iter_mut().zip(&vectors) {
                        *sum = simd.mul_add_e_f32s(left[p], *vector, *sum);
                    }
                }
            }
        }
        let wide = self.right_offsets.len();
        for (i, sums) in sums.iter().enumerate() {
            let out = &mut self.out[(row + i) * wide + column..][..COLUMNS];
            for (out, sum) in out.iter_mut().zip(sums) {
                *out += simd.reduce_sum_f32s(*sum);
            }
        }
        COLUMNS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(count: usize) -> Vec<f32> {
        (0..count).map(|i| (i as f32 * 0.37).sin()).collect()
    }

    fn dot(left: impl Iterator<Item = f32>, right: impl Iterator<Item = f32>) -> f64 {
        left.zip(right).map(|(left, right)| f64::from(left) * f64::from(right)).sum()
    }

    #[test]
    fn products_with_shifted_planes_are_right() {
        for (rows, columns, length) in [(1, 1, 16), (9, 5, 48), (16, 27, 80), (8, 3, 160)] {
            let planes = values(columns + length);
            let weight = |row: usize, column: usize| ((row * 7 + column * 3) as f32).cos();
            let offsets: Vec<usize> = (0..columns).rev().collect();
            let mut seen = 0;
            Weights::new(rows, columns, weight).multiply(
                &planes,
                &offsets,
                length,
                |first, out| {
                    for (row, out) in (first..rows).zip(out.chunks_exact(length)) {
                        for (p, out) in out.iter().enumerate() {
                            let weights = (0..columns).map(|column| weight(row, column));
                            let exact =
                                dot(weights, offsets.iter().map(|offset| planes[offset + p]));
                            assert!(
                                (f64::from(*out) - exact).abs() < 1e-5,
                                "{rows}×{columns}: {out}"
                            );
                        }
                        seen += 1;
                    }
                },
            );
            assert_eq!(seen, rows);
        }
    }

    #[test]
    fn correlations_of_planes_are_right() {
        for (rows, columns, length) in [(1, 1, 16), (5, 7, 48), (4, 27, 32)] {
            let (left, right) = (values(2 * (rows + length)), values(2 * (columns + length)));
            let offsets = |count: usize| (0..count).collect::<Vec<_>>();
            let planes = |values| Planes { values, image: 0 };
            let mut out = vec![1.0; rows * columns];
            correlate(
                (Planes { image: rows + length, ..planes(&left) }, &offsets(rows)),
                (Planes { image: columns + length, ..planes(&right) }, &offsets(columns)),
                length,
                &mut out,
            );
            for (i, out) in out.iter().enumerate() {
                let (row, column) = (i / columns, i % columns);
                let exact = (0..2).map(|image| {
                    let left = &left[image * (rows + length) + row..][..length];
                    let right = &right[image * (columns + length) + column..][..length];
                    dot(left.iter().copied(), right.iter().copied())
                });
                assert!((f64::from(*out) - 1.0 - exact.sum::<f64>()).abs() < 1e-5);
            }
        }
    }
}
