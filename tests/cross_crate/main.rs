//! Tests that need more than one crate.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod accumulation;
mod activations;
mod backends;
mod batches;
#[cfg(feature = "burn-train")]
mod burn_train;
mod chains;
mod conformance;
mod copied_lstm;
mod diagnosis;
mod faults;
mod float_types;
mod generated_faults;
mod goldens;
mod gradcheck;
mod gradients;
mod layers;
mod mutations;
mod numbers;
mod optional_quantities;
mod precision;
mod quantities;
mod read_backs;
mod recurrent;
mod replays;
mod resume;
mod run_requests;
mod taps;
mod training;
mod upstream;
mod without_burn;
mod wrapped_weights;

use backdraft_layers::Activation;
use backdraft_mlp::MlpConfig;
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Device, Tensor, TensorData};

/// A batch of made-up numbers, the same everywhere.
fn batch(examples: usize, features: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
    let value = |i: usize| f64::from((i as f32 * 0.7).sin() + (i as f32 * 0.13).cos());
    let inputs = (0..examples)
        .map(|row| (0..features).map(|column| value(row * features + column)).collect())
        .collect();
    (inputs, (0..examples).map(|row| (row % 2) as f64).collect())
}

fn tensors(inputs: &[Vec<f64>], targets: &[f64], device: &Device) -> (Tensor<2>, Tensor<2>) {
    let flat: Vec<f32> = inputs.iter().flatten().map(|x| *x as f32).collect();
    let inputs = TensorData::new(flat, [inputs.len(), inputs[0].len()]);
    let count = targets.len();
    let targets =
        TensorData::new(targets.iter().map(|y| *y as f32).collect::<Vec<_>>(), [count, 1]);
    (Tensor::from_data(inputs, device), Tensor::from_data(targets, device))
}

fn config(activation: Activation, depth: usize) -> MlpConfig {
    MlpConfig { inputs: 7, depth, width: 9, activation, bias_variance: 0.05, ..Default::default() }
}

/// |a − b| relative to the larger.
fn relative_difference(a: f64, b: f64) -> f64 {
    if a == b { 0.0 } else { (a - b).abs() / a.abs().max(b.abs()) }
}

/// The network with all its floats, the running statistics among them, in `f64`.
fn widened<M: Module>(network: M) -> M {
    struct Widened;

    impl ModuleMapper for Widened {
        fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let is_learned = parameter.is_require_grad();
            parameter.map(|value| {
                let value = value.cast(DType::F64);
                if is_learned { value.detach().require_grad() } else { value }
            })
        }
    }

    network.map(&mut Widened)
}
