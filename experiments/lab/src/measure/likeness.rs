//! How similar the gradients of different inputs are.

use backdraft_hooks::Taps;
use backdraft_layers::{Initializer, InitializerExt, Network, weight_rng};
use backdraft_rows::{QuantityName, Row};
use backdraft_trainer::{Listener, Outcome};
use backdraft_zoo::NetworkConfig;
use burn::tensor::{Device, Tensor, TensorData};

use super::flow::INPUTS;
use super::footprint;
use crate::trial::{Task, taking};

/// The mean cosine, over pairs of inputs, between the gradients of their outputs.
pub const GRADIENT_COSINE: QuantityName = QuantityName::new("gradient_cosine");

/// Draws the network of `seed`, which has one output, and sends `batch` independent Gaussian inputs
/// through it. Measures as the [`GRADIENT_COSINE`] of every tap the mean cosine, over pairs of inputs,
/// between the gradients of their outputs with respect to that activation.
///
/// Each output is multiplied by a random sign, which is then removed from its gradient. The terms
/// that normalisation over the batch adds from other inputs' gradients thereby average out.
pub fn likeness(config: NetworkConfig, batch: usize, seed: u64) -> Box<Task> {
    let check = config.check_batch(batch);
    taking(
        footprint::of_look(&config, batch),
        check,
        move |device: &Device, listener: &mut dyn Listener| {
            let device = device.clone().autodiff();
            let network = config.try_init(seed, &device)?;
            let elements: usize = config.example_shape().iter().product();
            let mut rng = weight_rng(seed.wrapping_add(INPUTS));
            let inputs = Initializer::Normal(1.0).draw(batch, elements, &mut rng);
            let signs = Initializer::Normal(1.0).draw(batch, 1, &mut rng);
            let signs: Vec<f32> = signs.into_iter().map(f32::signum).collect();
            let inputs =
                Tensor::<2>::from_data(TensorData::new(inputs, [batch, elements]), &device);
            let weights = TensorData::new(signs.clone(), [batch, 1]);
            let weights = Tensor::<2>::from_data(weights, &device);
            let mut taps = Taps::on();
            let gradients = (network.score(inputs, &mut taps) * weights).sum().backward();
            let mut rows = Vec::new();
            for tap in taps.tapped() {
                let Some(gradient) = tap.gradient(&gradients) else { continue };
                let gradient: Vec<f64> = gradient.try_into_data()?.iter::<f64>().collect();
                let cosine = mean_cosine(&gradient, &signs);
                rows.push(Row::new(0, GRADIENT_COSINE, tap.subject().clone(), cosine));
            }
            listener.record(&rows)?;
            Ok(Outcome::Finished)
        },
    )
}

/// The mean cosine of the angle between pairs of rows, each row multiplied by its sign.
///
/// The squared length of the sum of n unit vectors is n + n (n − 1) × that mean.
fn mean_cosine(rows: &[f64], signs: &[f32]) -> f64 {
    let n = signs.len();
    let columns = rows.len() / n;
    let mut sum = vec![0.0; columns];
    for (row, sign) in rows.chunks_exact(columns).zip(signs) {
        // Scaled by the largest element, because squares of a vanished gradient may underflow.
        let largest = row.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
        let norm = row.iter().map(|x| (x / largest).powi(2)).sum::<f64>().sqrt() * largest;
        for (sum, x) in sum.iter_mut().zip(row) {
            *sum += f64::from(*sign) * x / norm;
        }
    }
    let square: f64 = sum.iter().map(|x| x * x).sum();
    (square - n as f64) / (n * (n - 1)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_are_averaged_over_pairs_without_the_signs() {
        // Angles of 0, 60 and 60 degrees; one row is reversed and one is very short.
        let half = 0.5 * 3f64.sqrt();
        let rows = [1.0, 0.0, -2.0, 0.0, 0.5e-200, half * 1e-200];
        let mean = mean_cosine(&rows, &[1.0, -1.0, 1.0]);
        assert!((mean - (1.0 + 0.5 + 0.5) / 3.0).abs() < 1e-12, "{mean}");
    }
}
