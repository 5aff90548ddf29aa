//! The gradient X-ray of a network: one batch, every quantity, the diagnosis.

mod batch;
mod choice;
mod loss;
mod mismatch;
mod targets;

pub use batch::Batch;
pub use choice::Choice;
pub use loss::Loss;
pub use mismatch::Mismatch;

use backdraft_hooks::{GradientHook, Quantity, Schedule, Taps};
use backdraft_layers::Network;
use backdraft_rows::{Context, Finding, Row, Thresholds, diagnose_in};
use backdraft_trainer::Objective;
use backdraft_zoo::ZooNetwork;
use burn::module::Module;
use burn::tensor::{Device, ExecutionError};
use serde::Serialize;

/// What one batch shows of a network.
#[derive(Debug, Serialize)]
pub struct Xray {
    /// The loss of the batch.
    pub loss: f64,
    /// The quantities of every parameter and tapped activation, all at step 0.
    pub rows: Vec<Row>,
    /// What is wrong, if anything.
    pub findings: Vec<Finding>,
}

/// Runs a network forward and backward on one batch, in training mode, and measures `quantities`.
///
/// # Errors
///
/// [`ExecutionError`] when the device failed.
pub fn xray(
    network: ZooNetwork,
    batch: &Batch,
    loss: Loss,
    quantities: &[&'static dyn Quantity],
    device: &Device,
) -> Result<Xray, ExecutionError> {
    let device = device.clone().autodiff();
    let network = network.train().fork(&device);
    let mut hook = GradientHook::new(quantities, Schedule::Every(1));
    let mut taps = Taps::on();
    let outputs = network.score(batch.inputs(&device), &mut taps);
    let context = Context {
        loss: Some(loss.kind()),
        batch_size: Some(batch.len()),
        outputs: Some(outputs.dims()[1]),
        ..Context::default()
    };
    let loss = loss.loss(outputs, batch.targets(&device));
    let gradients = loss.backward();
    let rows = match hook.observe_with_taps(0, &network, &gradients, &taps) {
        Some(observation) => observation.rows()?,
        None => vec![],
    };
    let findings = diagnose_in(&rows, &Thresholds::default(), &context);
    let loss = loss.without_autodiff().try_into_data()?.iter::<f64>().next().unwrap_or(f64::NAN);
    Ok(Xray { loss, rows, findings })
}
