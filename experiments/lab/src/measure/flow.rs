//! Signal and gradient in an untrained network.

use backdraft_hooks::{
    ActivationGradientNorm, ActivationNorm, DeadShare, GradientHook, GradientNorm, SaturatedShare,
    Schedule, Taps,
};
use backdraft_layers::{Initializer, InitializerExt, Network, weight_rng};
use backdraft_rows::{QuantityName, Row};
use backdraft_trainer::{Listener, Outcome};
use backdraft_zoo::NetworkConfig;
use burn::tensor::{Device, Tensor, TensorData};

use super::footprint;
use crate::trial::{Task, taking};

/// The norm of a batch of inputs, ‖x‖.
pub const INPUT_NORM: QuantityName = QuantityName::new("input_norm");

/// Offset of the seed of the inputs, which keeps them independent of the weights.
pub(super) const INPUTS: u64 = 1 << 40;

/// Draws the network of `seed`, sends `batch` Gaussian inputs through it, and a Gaussian gradient
/// back from its outputs.
///
/// Measures at step 0: ‖∂L/∂a‖ and ‖a‖ of every tap, ‖∂L/∂θ‖ of every parameter, dead and saturated
/// shares, and the network's [`INPUT_NORM`].
pub fn flow(config: NetworkConfig, batch: usize, seed: u64) -> Box<Task> {
    let check = config.check_batch(batch);
    taking(
        footprint::of_look(&config, batch),
        check,
        move |device: &Device, listener: &mut dyn Listener| {
            let device = device.clone().autodiff();
            let network = config.try_init(seed, &device)?;
            let elements: usize = config.example_shape().iter().product();
            let mut rng = weight_rng(seed.wrapping_add(INPUTS));
            let mut normal = |columns: usize| {
                let values = Initializer::Normal(1.0).draw(batch, columns, &mut rng);
                let norm = values.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
                (Tensor::<2>::from_data(TensorData::new(values, [batch, columns]), &device), norm)
            };
            let (inputs, norm) = normal(elements);
            let (gradient, _) = normal(config.outputs());
            let mut taps = Taps::on();
            let gradients = (network.score(inputs, &mut taps) * gradient).sum().backward();
            let mut hook = GradientHook::new(
                &[
                    &ActivationNorm,
                    &ActivationGradientNorm,
                    &GradientNorm,
                    &SaturatedShare,
                    &DeadShare,
                ],
                Schedule::Every(1),
            );
            listener.record(&[Row::of_network(0, INPUT_NORM, norm)])?;
            if let Some(observation) = hook.observe_with_taps(0, &network, &gradients, &taps) {
                listener.record(&observation.rows()?)?;
            }
            Ok(Outcome::Finished)
        },
    )
}
