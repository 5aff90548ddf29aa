//! How much memory a trial takes, estimated before it starts.
//!
//! The estimates are rather too low: they count what a trial certainly holds at once on the `flex` back end,
//! not what is needed for a moment.

use backdraft_mlp::MlpConfig;
use backdraft_trainer::{OptimizerConfig, TrainerConfig};
use backdraft_zoo::NetworkConfig;

use super::data::{Data, Extent};
use crate::backend::Precision;
use crate::trial::Memory;

/// Bytes of a number on a device, and of one that was read back in double precision.
const SINGLE: f64 = 4.0;
const DOUBLE: f64 = 8.0;

/// Bytes taken by one pass forward and backward through a network with taps: parameters with gradients, and
/// activations.
pub fn of_pass(network: &NetworkConfig, batch: usize, precision: Precision) -> f64 {
    let number = match precision {
        Precision::F32 => SINGLE,
        Precision::F64 => DOUBLE,
    };
    let example: usize = network.example_shape().iter().product();
    let of_example = network.num_activations() + example as f64;
    number * (2.0 * network.num_learned() as f64 + batch as f64 * of_example)
}

/// Memory of a look at a network as it starts.
pub(super) fn of_look(network: &NetworkConfig, batch: usize) -> Memory {
    Memory { data: 0.0, own: of_pass(network, batch, Precision::F32) }
}

/// Memory of a training: data, parameters with gradients and the optimiser's state, and the activations of a
/// batch.
pub(super) fn of_training(network: &NetworkConfig, trainer: &TrainerConfig, data: &Data) -> Memory {
    let moments = match trainer.optimizer {
        OptimizerConfig::Sgd { momentum: 0.0, .. } => 0.0,
        OptimizerConfig::Sgd { .. } => 1.0,
        OptimizerConfig::Adam { .. } | OptimizerConfig::AdamW { .. } => 2.0,
    };
    let batch = trainer.batch_size.min(data.extent.trained);
    let pass = of_pass(network, batch, Precision::F32);
    of(data, pass + SINGLE * moments * network.num_learned() as f64)
}

/// Memory of one gradient that is read back before and after clipping.
pub(super) fn of_gradient(network: &NetworkConfig, data: &Data, batch: usize) -> Memory {
    let batch = batch.min(data.extent.trained);
    let read = 2.0 * DOUBLE * network.num_learned() as f64;
    of(data, read + of_pass(network, batch, Precision::F32))
}

/// Memory of a training between probes, for which the activations of all examples are kept.
pub(super) fn of_probes(network: &NetworkConfig, trainer: &TrainerConfig, data: &Data) -> Memory {
    let Extent { trained, tested, .. } = data.extent;
    let activations = SINGLE * (trained + tested) as f64 * network.num_activations();
    let Memory { own, .. } = of_training(network, trainer, data);
    of(data, activations.max(own))
}

/// Memory of a network and the singular values of one of its layers.
pub(super) fn of_jacobian(network: &MlpConfig) -> Memory {
    let matrix = network.width as f64 * network.width.min(network.inputs) as f64;
    let parameters = SINGLE * network.num_learned() as f64;
    Memory { data: 0.0, own: parameters + 2.0 * DOUBLE * matrix }
}

/// Adds the data, which lie in host memory once and on the device of every trial.
fn of(data: &Data, own: f64) -> Memory {
    let bytes = SINGLE * data.extent.numbers();
    Memory { data: if data.is_held { 0.0 } else { bytes }, own: own + bytes }
}
