//! Training of a network.

use anyhow::Context;
use backdraft_hooks::{GradientHook, Taps};
use backdraft_layers::Network;
use backdraft_trainer::{Listener, Outcome, Splits, Trainer, TrainerConfig};
use backdraft_zoo::{NetworkConfig, ZooNetwork};
use burn::tensor::{Device, Tensor};

use super::data::Data;
use super::footprint;
use super::supervised::Supervised;
use crate::trial::{Task, taking};

/// Trains the network of the trainer's seed. Measures what `hook` asks for and the trainer's own
/// quantities. The data are held while it trains.
pub fn training(
    network: NetworkConfig,
    trainer: TrainerConfig,
    data: Data,
    hook: impl Fn() -> GradientHook + Send + Sync + 'static,
) -> Box<Task> {
    let memory = footprint::of_training(&network, &trainer, &data);
    let check = check_batches(&network, &trainer, data.extent.trained);
    taking(memory, check, move |device: &Device, listener: &mut dyn Listener| {
        let data = data.of(trainer.seed)?;
        let (_, outcome) = train(&network, &trainer, &data, hook(), device, listener)?;
        Ok(outcome)
    })
}

/// Trains immediately and returns the network and the outcome.
pub(super) fn train(
    network: &NetworkConfig,
    trainer: &TrainerConfig,
    data: &Supervised,
    mut hook: GradientHook,
    device: &Device,
    listener: &mut dyn Listener,
) -> anyhow::Result<(ZooNetwork, Outcome)> {
    check_batches(network, trainer, data.extent().trained)?;
    let model = network.try_init(trainer.seed, &device.clone().autodiff())?;
    let [train, test] = data.on_device(device, trainer.seed);
    let forward = |model: &ZooNetwork, x: Tensor<2>, taps: &mut Taps| model.score(x, taps);
    let splits = Splits { train: &train, test: &test };
    let trainer = Trainer::new(trainer.clone(), device)?;
    Ok(trainer.fit(model, splits, forward, &data.loss, &mut hook, listener)?)
}

/// Checks that the network can be trained on every batch, the smaller one at the end of an epoch included.
pub(super) fn check_batches(
    network: &NetworkConfig,
    trainer: &TrainerConfig,
    examples: usize,
) -> anyhow::Result<()> {
    let size = trainer.batch_size;
    network.check_batch(size.min(examples))?;
    let left = examples % size;
    let is_reached = trainer.steps > (examples / size) as u64;
    if left > 0 && is_reached {
        network.check_batch(left).with_context(|| {
            format!("the last batch of an epoch has {left} of the {examples} training examples")
        })?;
    }
    Ok(())
}
