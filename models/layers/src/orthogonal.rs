//! Random matrices with orthonormal rows or columns.

use rand_distr::{Distribution, StandardNormal};

use crate::rng::WeightRng;

/// Draws a `rows × columns` matrix, in row-major order, uniformly from those with orthonormal rows
/// or columns, whichever are fewer.
///
/// # Reference
///
/// Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear
/// neural networks", 2014, § 3. Gram–Schmidt gives the triangular factor a positive diagonal, which
/// makes the distribution uniform (Mezzadri 2007).
pub(crate) fn orthogonal(rows: usize, columns: usize, rng: &mut WeightRng) -> Vec<f64> {
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(count);
    while basis.len() < count {
        let mut vector: Vec<f64> = (0..length).map(|_| StandardNormal.sample(rng)).collect();
        // In floating point, orthogonalising twice is enough (Kahan, in Parlett 1980, § 6.9).
        for _ in 0..2 {
            for other in &basis {
                let projection = dot(&vector, other);
                vector.iter_mut().zip(other).for_each(|(v, o)| *v -= projection * o);
            }
        }
        let norm = dot(&vector, &vector).sqrt();
        vector.iter_mut().for_each(|v| *v /= norm);
        basis.push(vector);
    }
    let at = |row: usize, column: usize| {
        if rows <= columns { basis[row][column] } else { basis[column][row] }
    };
    (0..rows * columns).map(|i| at(i / columns, i % columns)).collect()
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(l, r)| l * r).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::weight_rng;

    #[test]
    fn the_shorter_side_is_orthonormal() {
        for (rows, columns) in [(5, 5), (3, 8), (8, 3), (64, 64)] {
            let matrix = orthogonal(rows, columns, &mut weight_rng(1));
            let at = |row: usize, column: usize| matrix[row * columns + column];
            let short = rows.min(columns);
            for (i, j) in (0..short).flat_map(|i| (0..short).map(move |j| (i, j))) {
                let product: f64 =
                    (0..rows.max(columns))
                        .map(|k| {
                            if rows <= columns { at(i, k) * at(j, k) } else { at(k, i) * at(k, j) }
                        })
                        .sum();
                let expected = if i == j { 1.0 } else { 0.0 };
                assert!((product - expected).abs() < 1e-12, "{rows}x{columns}: {product}");
            }
        }
    }
}
