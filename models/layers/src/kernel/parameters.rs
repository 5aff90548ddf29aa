//! Gradients of a linear layer's parameters, which are sums over the rows of a batch.

use super::product::{Left, Right, multiply};
use crate::threads;

/// Rows per block. Each block is summed separately: it fits the L2 cache, and short sums have less
/// rounding error.
const BLOCK: usize = 128;
/// Parts that are shared among threads. Their number is fixed, so rounding does not depend on the
/// number of threads.
const PARTS: usize = 8;

/// Computes the gradients of weights, `[inputs, outputs]`, and bias, `[outputs]`, from the layer's
/// input, `[rows, inputs]`, and the gradient of its output, `[rows, outputs]`.
///
/// # Panics
///
/// Panics if the lengths do not match.
pub fn parameter_gradients(
    input: &[f32],
    gradient: &[f32],
    [inputs, outputs]: [usize; 2],
) -> [Vec<f32>; 2] {
    let rows = gradient.len() / outputs.max(1);
    assert_eq!([input.len(), gradient.len()], [rows * inputs, rows * outputs], "rows that fit");
    let rows_of_part = rows.div_ceil(BLOCK).div_ceil(PARTS).max(1) * BLOCK;
    let parts = rows.div_ceil(rows_of_part).max(1);
    let mut weights = vec![0.0; parts * inputs * outputs];
    let mut biases = vec![0.0; parts * outputs];
    let lent = weights
        .chunks_exact_mut((inputs * outputs).max(1))
        .zip(biases.chunks_exact_mut(outputs.max(1)));
    let rows = input
        .chunks((rows_of_part * inputs).max(1))
        .zip(gradient.chunks((rows_of_part * outputs).max(1)));
    threads::share(lent.zip(rows).collect(), rows_of_part * inputs * outputs, || {
        |((weight, bias), (input, gradient))| {
            let blocks = input.chunks(BLOCK * inputs).zip(gradient.chunks(BLOCK * outputs));
            let mut of_block = Vec::new();
            for (number, (input, gradient)) in blocks.enumerate() {
                let left = Left::by_columns(input, inputs, input.len() / inputs);
                let right = Right::by_rows(gradient, outputs);
                if number == 0 {
                    multiply(left, &right, weight);
                } else {
                    of_block.resize(weight.len(), 0.0);
                    multiply(left, &right, &mut of_block);
                    add_rows(weight, &of_block);
                }
                let mut of_block = vec![0.0; outputs];
                add_rows(&mut of_block, gradient);
                add_rows(bias, &of_block);
            }
        }
    });
    [fold(weights, inputs * outputs), fold(biases, outputs)]
}

/// Adds up consecutive parts of `length` values, in order.
fn fold(mut parts: Vec<f32>, length: usize) -> Vec<f32> {
    let (total, others) = parts.split_at_mut(length);
    add_rows(total, others);
    parts.truncate(length);
    parts
}

/// Adds each row of `rows` to `total`.
fn add_rows(total: &mut [f32], rows: &[f32]) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for row in rows.chunks_exact(total.len().max(1)) {
                total.iter_mut().zip(row).for_each(|(total, value)| *total += value);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::with_threads;
    use std::num::NonZero;

    #[test]
    fn sums_are_those_in_double_precision_whatever_the_threads() {
        // The last one is large enough for three threads.
        for [rows, inputs, outputs] in [[0, 3, 2], [1, 1, 1], [130, 5, 7], [9_000, 3, 600]] {
            let values = |count: usize, step: f32| -> Vec<f32> {
                (0..count).map(|i| (i as f32 * step).sin()).collect()
            };
            let (input, gradient) = (values(rows * inputs, 0.7), values(rows * outputs, 0.3));
            let on = |threads| {
                with_threads(NonZero::new(threads).unwrap(), || {
                    parameter_gradients(&input, &gradient, [inputs, outputs])
                })
            };
            let [weight, bias] = on(1);
            assert_eq!([&weight, &bias], on(3).each_ref());
            for output in 0..outputs {
                let column = |row: usize| f64::from(gradient[row * outputs + output]);
                let exact: f64 = (0..rows).map(column).sum();
                // Rounding errors of terms of at most 1 add up like a random walk.
                let close = 1e-6 * (rows.max(1) as f64).sqrt();
                assert!((f64::from(bias[output]) - exact).abs() < close, "{exact}");
                for i in 0..inputs {
                    let term = |row: usize| f64::from(input[row * inputs + i]) * column(row);
                    let exact: f64 = (0..rows).map(term).sum();
                    let ours = f64::from(weight[i * outputs + output]);
                    assert!((ours - exact).abs() < close, "{exact}");
                }
            }
        }
    }
}
