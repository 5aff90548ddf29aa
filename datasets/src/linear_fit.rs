//! How far a linear classifier gets: the yardstick of the tests.

use crate::examples::Examples;
use crate::split::TrainTest;

/// Fits `w·x + b` to targets ±1 by least squares and returns its share of correct test examples.
///
/// A small ridge term lets features that are zero everywhere have weight zero.
pub(crate) fn linear_accuracy(split: &TrainTest) -> f64 {
    let size = split.train.features() + 1;
    let mut gram = vec![0.0; size * size];
    let mut moment = vec![0.0; size];
    for (row, sign) in with_intercept(&split.train) {
        for (i, &left) in row.iter().enumerate() {
            moment[i] += left * sign;
            for (j, &right) in row[..=i].iter().enumerate() {
                gram[i * size + j] += left * right;
            }
        }
    }
    for i in 0..size {
        gram[i * size + i] += 1e-3 * split.train.len() as f64;
    }
    let weights = solve(gram, moment);
    let correct = with_intercept(&split.test).filter(|(row, sign)| {
        row.iter().zip(&weights).map(|(value, weight)| value * weight).sum::<f64>() * sign > 0.0
    });
    correct.count() as f64 / split.test.len() as f64
}

/// Rows with a final 1, and targets as −1 or 1.
fn with_intercept(examples: &Examples) -> impl Iterator<Item = (Vec<f64>, f64)> {
    examples.rows().zip(examples.targets()).map(|(row, &target)| {
        let row = row.iter().map(|&value| f64::from(value)).chain([1.0]).collect();
        (row, f64::from(2.0 * target - 1.0))
    })
}

/// Solves a positive definite system, given its lower triangle, by Cholesky's factorisation.
fn solve(mut matrix: Vec<f64>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for i in 0..size {
        for j in 0..=i {
            let products: f64 = (0..j).map(|k| matrix[i * size + k] * matrix[j * size + k]).sum();
            let rest = matrix[i * size + j] - products;
            let diagonal = matrix[j * size + j];
            matrix[i * size + j] = if i == j { rest.sqrt() } else { rest / diagonal };
        }
    }
    for i in 0..size {
        let known: f64 = (0..i).map(|k| matrix[i * size + k] * right[k]).sum();
        right[i] = (right[i] - known) / matrix[i * size + i];
    }
    for i in (0..size).rev() {
        let known: f64 = (i + 1..size).map(|k| matrix[k * size + i] * right[k]).sum();
        right[i] = (right[i] - known) / matrix[i * size + i];
    }
    right
}

#[test]
fn the_solution_fulfils_the_equations() {
    let solution = solve(vec![4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 0.0, 1.0, 3.0], vec![10.0, 11.0, 7.0]);
    for ([a, b, c], right) in
        [([4.0, 2.0, 0.0], 10.0), ([2.0, 5.0, 1.0], 11.0), ([0.0, 1.0, 3.0], 7.0)]
    {
        let left: f64 = a * solution[0] + b * solution[1] + c * solution[2];
        assert!((left - right).abs() < 1e-12);
    }
}

#[test]
fn a_linear_rule_is_found() {
    let inputs: Vec<f32> = (0..40).map(|index| (index * 7 % 40) as f32).collect();
    let targets = inputs.iter().map(|&input| f32::from(input > 19.5)).collect();
    let examples = Examples::new(1, inputs, targets).unwrap();
    assert_eq!(linear_accuracy(&TrainTest { train: examples.clone(), test: examples }), 1.0);
}
