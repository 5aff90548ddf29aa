//! One look at a network: a batch forward, its loss backward, everything measured.

use backdraft_hooks::{
    ActivationGradientNorm, ActivationMean, ActivationStandardDeviation, DeadShare, GradientHook,
    GradientNorm, SaturatedShare, Schedule, UpdateRatio,
};
use backdraft_layers::Network;
use backdraft_trainer::Objective;
use burn::tensor::Device;

use super::answer::Answer;
use super::error::PlaygroundError;
use super::material::{Material, first_batch};
use super::setup::Setup;
use super::theory::Prediction;

/// Draws the network of a setup and looks at it before training, on the batch that training begins
/// with.
///
/// # Errors
///
/// [`PlaygroundError`] if the setup is out of bounds or the device fails.
pub fn look(setup: &Setup, device: &Device) -> Result<Answer, PlaygroundError> {
    let material = Material::of(setup)?;
    let network = material.network(device)?;
    let [train, _] = material.examples(device);
    let batch = first_batch(&train, setup.seed(), device);
    let square = mean_square(&batch.inputs)?;
    let mut hook = hook(Schedule::Every(1));
    let mut taps = hook.taps(0);
    let outputs = network.score(batch.inputs, &mut taps);
    let loss = material.data.loss.loss(outputs, batch.targets);
    let gradients = loss.backward();
    let observation = hook.observe_with_taps(0, &network, &gradients, &taps);
    let rows = observation.map_or(Ok(vec![]), |observation| observation.rows())?;
    let loss = loss.without_autodiff().try_into_data()?.iter::<f64>().next().unwrap_or(f64::NAN);
    let prediction = Prediction::of(setup, &material.config, square);
    Ok(Answer::new(&rows, loss, material.config.num_learned(), prediction))
}

/// Everything that the playground shows.
pub(super) fn hook(schedule: Schedule) -> GradientHook {
    GradientHook::new(
        &[
            &GradientNorm,
            &UpdateRatio,
            &ActivationGradientNorm,
            &ActivationMean,
            &ActivationStandardDeviation,
            &SaturatedShare,
            &DeadShare,
        ],
        schedule,
    )
}

/// ‖x‖², the mean over the examples.
fn mean_square(inputs: &burn::tensor::Tensor<2>) -> Result<f64, PlaygroundError> {
    let rows = inputs.dims()[0].max(1) as f64;
    let values = inputs.clone().try_into_data()?;
    Ok(values.iter::<f64>().map(|x| x * x).sum::<f64>() / rows)
}
