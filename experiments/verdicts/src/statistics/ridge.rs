//! Linear readout of features.

/// A linear map with intercept, fitted by ridge regression.
#[derive(Clone, Debug, PartialEq)]
pub struct Ridge {
    /// `[features + 1, targets]` row by row; the last row is the intercept.
    weights: Vec<f64>,
    targets: usize,
}

impl Ridge {
    /// Minimises Σ ‖y − W x − b‖² + penalty · n ‖W‖² over n examples; the intercept is not penalised.
    ///
    /// `None` without examples, if a number is not finite, or if the penalty is too small for what the
    /// features leave open.
    ///
    /// # Shapes
    ///
    /// - features: `[n, features]`, targets: `[n, targets]`, row by row
    ///
    /// # Reference
    ///
    /// A. E. Hoerl, R. W. Kennard, "Ridge regression", 1970, eq. 2.1.
    pub fn fit(
        (features, width): (&[f64], usize),
        (values, targets): (&[f64], usize),
        penalty: f64,
    ) -> Option<Self> {
        let n = features.len().checked_div(width)?;
        let side = width + 1;
        let mut gram = vec![0.0; side * side];
        let mut weights = vec![0.0; side * targets];
        for (x, y) in features.chunks_exact(width).zip(values.chunks_exact(targets)) {
            let with_one = || x.iter().copied().chain([1.0]);
            for (i, a) in with_one().enumerate() {
                with_one().take(i + 1).enumerate().for_each(|(j, b)| gram[i * side + j] += a * b);
                y.iter().enumerate().for_each(|(k, y)| weights[i * targets + k] += a * y);
            }
        }
        (0..width).for_each(|i| gram[i * side + i] += penalty * n as f64);
        cholesky(&mut gram, side)?;
        solve(&gram, side, &mut weights, targets);
        weights.iter().all(|w| w.is_finite()).then_some(Self { weights, targets })
    }

    /// Returns the index of the largest output for one example's features.
    pub fn largest(&self, x: &[f64]) -> usize {
        let output = |k: usize| -> f64 {
            let rows = self.weights.chunks_exact(self.targets);
            rows.zip(x.iter().copied().chain([1.0])).map(|(row, x)| row[k] * x).sum()
        };
        let better = |best: (usize, f64), k: usize| {
            let value = output(k);
            if value > best.1 { (k, value) } else { best }
        };
        (0..self.targets).fold((0, f64::NEG_INFINITY), better).0
    }
}

/// Relative error of a sum, per term.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// Replaces the lower triangle of a symmetric matrix by L with L Lᵀ = the matrix; `None` if it is not
/// positive definite.
fn cholesky(matrix: &mut [f64], side: usize) -> Option<()> {
    for i in 0..side {
        for j in 0..=i {
            let products: f64 = (0..j).map(|k| matrix[i * side + k] * matrix[j * side + k]).sum();
            let rest = matrix[i * side + j] - products;
            matrix[i * side + j] = if i != j {
                rest / matrix[j * side + j]
            } else if rest > ROUNDING * side as f64 * matrix[i * side + j] {
                rest.sqrt()
            } else {
                // The rows above explain this diagonal element but for rounding.
                return None;
            };
        }
    }
    Some(())
}

/// Solves L Lᵀ x = b for every column of b, in place.
fn solve(lower: &[f64], side: usize, b: &mut [f64], columns: usize) {
    for column in 0..columns {
        for i in 0..side {
            let known: f64 = (0..i).map(|k| lower[i * side + k] * b[k * columns + column]).sum();
            b[i * columns + column] = (b[i * columns + column] - known) / lower[i * side + i];
        }
        for i in (0..side).rev() {
            let known: f64 =
                (i + 1..side).map(|k| lower[k * side + i] * b[k * columns + column]).sum();
            b[i * columns + column] = (b[i * columns + column] - known) / lower[i * side + i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_are_those_of_the_normal_equations() {
        // numpy: X = [[1, 2], [2, 1], [0, 1], [3, 5]] with a column of ones, y = [1, 0, 2, 4];
        // solve(X.T @ X + diag(0.4, 0.4, 0), X.T @ y)
        let features = [1.0, 2.0, 2.0, 1.0, 0.0, 1.0, 3.0, 5.0];
        let ridge = Ridge::fit((&features, 2), (&[1.0, 0.0, 2.0, 4.0], 1), 0.1).unwrap();
        for (weight, expected) in ridge.weights.iter().zip(EXPECTED) {
            assert!((weight - expected).abs() < 1e-9, "{:?}", ridge.weights);
        }
    }

    const EXPECTED: [f64; 3] = [-0.5841121495327113, 1.0280373831775707, 0.31308411214953313];

    #[test]
    fn classes_apart_on_a_line_are_told_apart() {
        let features: Vec<f64> = (0..20).map(f64::from).collect();
        let targets: Vec<f64> =
            (0..20).flat_map(|i| if i < 10 { [1.0, 0.0] } else { [0.0, 1.0] }).collect();
        let ridge = Ridge::fit((&features, 1), (&targets, 2), 1e-6).unwrap();
        assert_eq!((ridge.largest(&[2.0]), ridge.largest(&[17.0])), (0, 1));
    }

    #[test]
    fn what_cannot_be_fitted_is_none() {
        assert_eq!(Ridge::fit((&[], 0), (&[], 1), 0.1), None);
        assert_eq!(Ridge::fit((&[f64::NAN], 1), (&[1.0], 1), 0.1), None);
        assert_eq!(Ridge::fit((&[1.0, 1.0], 1), (&[1.0, 1.0], 1), 0.0), None, "no spread");
    }
}
