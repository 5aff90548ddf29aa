//! The Jacobian of each layer of a fully connected network.

use backdraft_layers::{Initializer, InitializerExt, weight_rng};
use backdraft_mlp::MlpConfig;
use backdraft_rows::{QuantityName, Row};
use backdraft_theory::ScalarFunction;
use backdraft_trainer::{Listener, Outcome};
use burn::tensor::{Device, Tensor, TensorData};

use super::flow::INPUTS;
use super::footprint;
use crate::trial::{Task, taking};

/// The average singular value of a layer's Jacobian.
pub const MEAN_SINGULAR_VALUE: QuantityName = QuantityName::new("mean_singular_value");

/// Draws the network of `seed` and sends one Gaussian input through it. Measures the
/// [`MEAN_SINGULAR_VALUE`] of ∂h_l / ∂h_(l−1) of each hidden layer.
///
/// # Reference
///
/// Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010,
/// § 4.2.1.
pub fn jacobian(config: MlpConfig, seed: u64) -> Box<Task> {
    let check = anyhow::Ok(());
    taking(
        footprint::of_jacobian(&config),
        check,
        move |device: &Device, listener: &mut dyn Listener| {
            let network = config.try_init(seed, device)?;
            let mut rng = weight_rng(seed.wrapping_add(INPUTS));
            let input = Initializer::Normal(1.0).draw(1, config.inputs, &mut rng);
            let mut hidden =
                Tensor::<2>::from_data(TensorData::new(input, [1, config.inputs]), device);
            let mut rows = Vec::new();
            for (layer, block) in network.hidden.iter().enumerate() {
                let sums = block.linear.forward(hidden.clone()).try_into_data()?;
                let weight = block.linear.weight.val().try_into_data()?;
                let slopes: Vec<f64> =
                    sums.iter::<f64>().map(|x| config.activation.derivative(x)).collect();
                let entries = weight.iter::<f64>().enumerate();
                let jacobian: Vec<f64> =
                    entries.map(|(index, w)| w * slopes[index % slopes.len()]).collect();
                let values = singular_values(jacobian, config.width);
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                rows.push(Row::new(0, MEAN_SINGULAR_VALUE, format!("hidden.{layer}"), mean));
                hidden = block.forward(hidden);
            }
            listener.record(&rows)?;
            Ok(Outcome::Finished)
        },
    )
}

/// Maximum number of sweeps. The columns are usually orthogonal to rounding after seven.
const SWEEPS: usize = 30;

/// Returns the singular values, unordered, of a row-major matrix with `columns` columns.
///
/// # Reference
///
/// M. R. Hestenes, "Inversion of matrices by biorthogonalization and related results", 1958: pairs of
/// columns are rotated until all are orthogonal; their lengths are the singular values.
fn singular_values(matrix: Vec<f64>, columns: usize) -> Vec<f64> {
    let rows = matrix.len() / columns;
    let column = |j: usize| (0..rows).map(|i| matrix[i * columns + j]).collect::<Vec<f64>>();
    let mut vectors: Vec<Vec<f64>> = (0..columns).map(column).collect();
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    for _ in 0..SWEEPS {
        let mut is_done = true;
        for j in 1..columns {
            let (before, after) = vectors.split_at_mut(j);
            for x in before {
                let y = &mut after[0];
                let (xx, yy, xy) = (dot(x, x), dot(y, y), dot(x, y));
                if xy.abs() <= 1e-12 * (xx * yy).sqrt() {
                    continue;
                }
                is_done = false;
                let zeta = (yy - xx) / (2.0 * xy);
                let tangent = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
                let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
                for (x, y) in x.iter_mut().zip(y.iter_mut()) {
                    (*x, *y) = (cosine * (*x - tangent * *y), cosine * (tangent * *x + *y));
                }
            }
        }
        if is_done {
            break;
        }
    }
    vectors.iter().map(|vector| dot(vector, vector).sqrt()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_values_are_numpys() {
        // numpy.linalg.svd([[1, 2], [3, 4], [5, 6]])[1]
        let mut values = singular_values(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2);
        values.sort_by(f64::total_cmp);
        assert!((values[0] - 0.514_300_580_6).abs() < 1e-9, "{values:?}");
        assert!((values[1] - 9.525_518_091_6).abs() < 1e-9, "{values:?}");
    }

    #[test]
    fn the_mean_of_a_gaussian_matrix_is_that_of_the_quarter_circle() {
        let side = 128;
        let matrix = Initializer::LecunNormal.draw(side, side, &mut weight_rng(3));
        let values = singular_values(matrix.into_iter().map(f64::from).collect(), side);
        let mean = values.iter().sum::<f64>() / side as f64;
        // Marchenko & Pastur 1967: 8 / 3π = 0.8488
        assert!((mean - 8.0 / (3.0 * std::f64::consts::PI)).abs() < 0.01, "{mean}");
    }
}
