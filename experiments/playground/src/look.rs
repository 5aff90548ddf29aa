//! One look at a network: a batch forward, its loss backward, everything measured.

use backdraft_hooks::{
    ActivationGradientNorm, ActivationMean, ActivationStandardDeviation, DeadShare, GradientHook,
    GradientNorm, SaturatedShare, Schedule, UpdateRatio,
};
use backdraft_layers::Network;
use backdraft_trainer::Objective;
use backdraft_zoo::NetworkConfig;
use burn::tensor::{Device, Tensor};

use super::answer::Answer;
use super::error::PlaygroundError;
use super::factors::Product;
use super::gates::Gates;
use super::material::{Material, first_batch};
use super::setup::Setup;
use super::theory::{Batch, Prediction};

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
    let steps = match &material.config {
        NetworkConfig::Recurrent(recurrent) => recurrent.length,
        _ => 1,
    };
    let inputs = inputs(&batch.inputs, steps)?;
    let mut hook = hook(Schedule::Every(1));
    let mut taps = hook.taps(0);
    let outputs = network.score(batch.inputs.clone(), &mut taps);
    let gates = Gates::of(&material.config, &network, &batch.inputs, &taps);
    let loss = material.data.loss.loss(outputs, batch.targets);
    let gradients = loss.backward();
    let observation = hook.observe_with_taps(0, &network, &gradients, &taps);
    let rows = observation.map_or(Ok(vec![]), |observation| observation.rows())?;
    let loss = loss.without_autodiff().try_into_data()?.iter::<f64>().next().unwrap_or(f64::NAN);
    let prediction =
        Prediction::of(setup, &material.config, &inputs).map_err(|reason| reason.to_string());
    let gates = gates.map_or(Ok(vec![]), Gates::read)?;
    let answer = Answer::new(&rows, gates, loss, material.config.num_learned(), prediction);
    let product = Product::of(&material.config, &network, &batch.inputs, &taps, &gradients)?;
    Ok(Answer { product, ..answer })
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

/// Takes the measure of a batch `[examples, steps × features]`.
fn inputs(batch: &Tensor<2>, steps: usize) -> Result<Batch, PlaygroundError> {
    let [examples, columns] = batch.dims();
    let examples = examples.max(1) as f64;
    let values: Vec<f64> = batch.clone().try_into_data()?.iter::<f64>().collect();
    let mean = |column: usize, power: i32| {
        let values = values.iter().skip(column).step_by(columns);
        values.map(|x| x.powi(power)).sum::<f64>() / examples
    };
    let columns: Vec<(f64, f64)> =
        (0..columns).map(|column| (mean(column, 1), mean(column, 2))).collect();
    let of_steps = columns.chunks((columns.len() / steps).max(1));
    Ok(Batch {
        squares: of_steps.map(|step| step.iter().map(|(_, square)| square).sum()).collect(),
        variance: columns.iter().map(|(mean, square)| square - mean * mean).sum(),
        sum: columns.iter().map(|(mean, _)| mean).sum(),
    })
}
