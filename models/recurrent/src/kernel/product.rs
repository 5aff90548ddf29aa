//! Products with a matrix that is the same for all time steps.
//!
//! General matrix multiplication packs both factors on each call, which takes longer than the
//! arithmetic for a few dozen rows. Here the recurrent weights are packed once per sequence.

use pulp::{Simd, WithSimd};

/// A matrix `[inner, outer]` in panels of two vectors: `[panel][inner][lane]`, zero-padded.
pub(super) struct Packed {
    panels: Vec<f32>,
    inner: usize,
    outer: usize,
}

/// Vectors across a panel.
const VECTORS: usize = 2;

impl Packed {
    /// Packs `value(row, column)`.
    pub(super) fn new(inner: usize, outer: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let width = pulp::Arch::new().dispatch(Width);
        let count = outer.div_ceil(width);
        let mut panels = vec![0.0; count * inner * width];
        for (panel, columns) in panels.chunks_exact_mut((inner * width).max(1)).enumerate() {
            for (row, lanes) in columns.chunks_exact_mut(width).enumerate() {
                for (column, lane) in (panel * width..outer).zip(lanes) {
                    *lane = value(row, column);
                }
            }
        }
        Self { panels, inner, outer }
    }

    /// Writes the product of `rows`, `[n, inner]`, with the matrix to `out`, `[n, outer]`.
    pub(super) fn multiply(&self, rows: &[f32], out: &mut [f32]) {
        pulp::Arch::new().dispatch(Multiply { packed: self, rows, out });
    }
}

/// Number of columns in a panel.
struct Width;

impl WithSimd for Width {
    type Output = usize;

    fn with_simd<S: Simd>(self, _: S) -> usize {
        VECTORS * S::F32_LANES
    }
}

struct Multiply<'a> {
    packed: &'a Packed,
    rows: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { packed, mut rows, mut out } = self;
        // Process as many rows at once as have their sums in registers.
        if S::REGISTER_COUNT >= 32 {
            (rows, out) = tiles::<S, 12>(simd, packed, rows, out);
            (rows, out) = tiles::<S, 8>(simd, packed, rows, out);
        }
        (rows, out) = tiles::<S, 4>(simd, packed, rows, out);
        tiles::<S, 1>(simd, packed, rows, out);
    }
}

/// Multiplies `ROWS` rows at a time and returns the remaining ones.
#[inline(always)]
fn tiles<'a, 'b, S: Simd, const ROWS: usize>(
    simd: S,
    packed: &Packed,
    mut rows: &'a [f32],
    mut out: &'b mut [f32],
) -> (&'a [f32], &'b mut [f32]) {
    let Packed { inner, outer, .. } = *packed;
    let mut columns = vec![[0.0; ROWS]; inner]; // the rows, transposed
    while rows.len() >= ROWS * inner && out.len() >= ROWS * outer && inner > 0 {
        let (tile, rest) = rows.split_at(ROWS * inner);
        let (target, rest_out) = out.split_at_mut(ROWS * outer);
        for (row, values) in tile.chunks_exact(inner).enumerate() {
            for (column, value) in columns.iter_mut().zip(values) {
                column[row] = *value;
            }
        }
        tile_product(simd, packed, &columns, target);
        (rows, out) = (rest, rest_out);
    }
    (rows, out)
}

#[inline(always)]
fn tile_product<S: Simd, const ROWS: usize>(
    simd: S,
    packed: &Packed,
    columns: &[[f32; ROWS]],
    out: &mut [f32],
) {
    let width = VECTORS * S::F32_LANES;
    for (panel, values) in packed.panels.chunks_exact(packed.inner * width).enumerate() {
        let (vectors, _) = S::as_simd_f32s(values);
        let (pairs, _) = vectors.as_chunks::<VECTORS>();
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        for ([left, right], column) in pairs.iter().zip(columns) {
            for row in 0..ROWS {
                let x = simd.splat_f32s(column[row]);
                sums[row][0] = simd.mul_add_e_f32s(x, *left, sums[row][0]);
                sums[row][1] = simd.mul_add_e_f32s(x, *right, sums[row][1]);
            }
        }
        let start = panel * width;
        let end = (start + width).min(packed.outer);
        for (row, [left, right]) in sums.iter().enumerate() {
            let target = &mut out[row * packed.outer..][start..end];
            let (first, second) = target.split_at_mut(S::F32_LANES.min(end - start));
            simd.partial_store_f32s(first, *left);
            simd.partial_store_f32s(second, *right);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_any_size_are_right() {
        for (n, inner, outer) in [(1, 1, 1), (5, 3, 7), (13, 12, 48), (32, 17, 33), (37, 64, 100)] {
            let value = |row: usize, column: usize| ((row * 31 + column * 17) as f32 * 0.3).sin();
            let packed = Packed::new(inner, outer, value);
            let rows: Vec<f32> = (0..n * inner).map(|i| (i as f32 * 0.7).cos()).collect();
            let mut out = vec![f32::NAN; n * outer];
            packed.multiply(&rows, &mut out);
            for (row, out) in out.chunks_exact(outer).enumerate() {
                for (column, out) in out.iter().enumerate() {
                    let exact: f64 = (0..inner)
                        .map(|k| f64::from(rows[row * inner + k]) * f64::from(value(k, column)))
                        .sum();
                    assert!((f64::from(*out) - exact).abs() < 1e-5, "{n}×{inner}×{outer}: {out}");
                }
            }
        }
    }
}
