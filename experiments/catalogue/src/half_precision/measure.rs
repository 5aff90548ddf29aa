//! What the trials do.

use std::sync::Arc;

use backdraft_hooks::{GradientHook, Schedule, Taps};
use backdraft_lab::Task;
use backdraft_lab::measure::Supervised;
use backdraft_layers::{Initializer, InitializerExt, weight_rng};
use backdraft_mlp::{Mlp, MlpConfig};
use backdraft_rows::{QuantityName, Row};
use backdraft_trainer::{Listener, Outcome, Splits, Trainer, TrainerConfig};
use burn::tensor::{Device, Tensor, TensorData};

use super::dynamic;
use super::mixed::{Mixed, ScaledLoss};

/// The share of the elements of ∂L/∂h that are exactly zero.
pub(super) const ZERO_SHARE: QuantityName = QuantityName::new("activation_gradient_zero_share");
/// The root mean square of the elements of ∂L/∂h, loss scale included.
pub(super) const ROOT_MEAN_SQUARE: QuantityName =
    QuantityName::new("activation_gradient_root_mean_square");

/// Offset of the seed of the inputs, which keeps them independent of the weights.
const INPUTS: u64 = 1 << 40;

/// Draws the network of `seed`, sends Gaussian inputs through it, and a Gaussian gradient of root mean
/// square 1 / `batch` times the loss scale back from its outputs.
pub(super) fn flow(config: MlpConfig, mixed: Mixed, batch: usize, seed: u64) -> Box<Task> {
    Box::new(move |device: &Device, listener: &mut dyn Listener| {
        let device = device.clone().autodiff();
        let network = config.try_init(seed, &device)?;
        let mut rng = weight_rng(seed.wrapping_add(INPUTS));
        let mut normal = |columns: usize, scale: f64| {
            let values = Initializer::Normal(scale).draw(batch, columns, &mut rng);
            Tensor::<2>::from_data(TensorData::new(values, [batch, columns]), &device)
        };
        let inputs = normal(config.inputs, 1.0);
        let gradient = normal(config.outputs, mixed.loss_scale / batch as f64);
        let mut taps = Taps::on();
        let output = mixed.forward(&network, inputs, &mut taps);
        let gradients = (output * gradient).sum().backward();
        let mut rows = Vec::new();
        for tap in taps.tapped() {
            let Some(gradient) = tap.gradient(&gradients) else { continue };
            let elements: Vec<f64> = gradient.try_into_data()?.iter::<f64>().collect();
            let count = elements.len() as f64;
            let zeros = elements.iter().filter(|x| **x == 0.0).count() as f64;
            let square = elements.iter().map(|x| x * x).sum::<f64>();
            let row = |quantity, value| Row::new(0, quantity, tap.subject().clone(), value);
            rows.push(row(ZERO_SHARE, zeros / count));
            rows.push(row(ROOT_MEAN_SQUARE, (square / count).sqrt()));
        }
        listener.record(&rows)?;
        Ok(Outcome::Finished)
    })
}

/// Whether a loss scale stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scaling {
    /// To the end; a gradient that overflows ends the training.
    Fixed,
    /// Until a gradient overflows.
    Dynamic,
}

/// Trains the network of the trainer's seed, computing in a short format. Measures the test accuracy.
pub(super) fn training(
    config: MlpConfig,
    mixed: Mixed,
    scaling: Scaling,
    trainer: TrainerConfig,
    data: impl Fn() -> anyhow::Result<Arc<Supervised>> + Send + Sync + 'static,
) -> Box<Task> {
    Box::new(move |device: &Device, listener: &mut dyn Listener| {
        let data = data()?;
        let model = config.try_init(trainer.seed, &device.clone().autodiff())?;
        let [train, test] = data.on_device(device, trainer.seed);
        let splits = Splits { train: &train, test: &test };
        if scaling == Scaling::Dynamic {
            return dynamic::train(model, mixed, &trainer, data.loss, &splits, listener);
        }
        let forward = |mlp: &Mlp, x: Tensor<2>, taps: &mut Taps| mixed.forward(mlp, x, taps);
        let objective = ScaledLoss { loss: data.loss, scale: mixed.loss_scale };
        let mut hook = GradientHook::new(&[], Schedule::Never);
        let trainer = Trainer::new(trainer.clone(), device)?;
        let (_, outcome) = trainer.fit(model, splits, forward, &objective, &mut hook, listener)?;
        Ok(outcome)
    })
}
