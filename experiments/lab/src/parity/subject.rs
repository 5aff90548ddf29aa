//! What is measured on every back end: each network of the zoo, networks whose signals grow, and the start of
//! each experiment.

use std::sync::Arc;

use anyhow::Context;
use backdraft_hooks::{GradientHook, QUANTITIES, Quantity, Schedule};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_record::Preset;
use backdraft_resnet::{Normalization, ResnetConfig};
use backdraft_rows::{QuantityName, Row};
use backdraft_trainer::{OptimizerConfig, TrainerConfig};
use backdraft_zoo::{NetworkConfig, networks};
use burn::tensor::Device;
use toml::{Table, Value};

use super::first_step::FirstStep;
use crate::experiment::Entry;
use crate::measure::{Data, Supervised, training};
use crate::panics::silent;

/// Something that measures the same on every back end.
pub struct Subject {
    /// Name of a network or of an experiment.
    pub name: &'static str,
    kind: Kind,
}

enum Kind {
    Network(Box<NetworkConfig>),
    /// A network whose signals grow until its activations saturate.
    Growing(Box<NetworkConfig>),
    Experiment(&'static dyn Entry),
}

/// Returns every network of the zoo in miniature, those whose signals grow, and the experiments given.
pub fn subjects(experiments: &[&'static dyn Entry]) -> Vec<Subject> {
    let miniatures = networks().map(|(name, config)| (name, config.miniature()));
    let networks = miniatures.map(|(name, config)| (name, Kind::Network(Box::new(config))));
    let growing = growing().map(|(name, config)| (name, Kind::Growing(Box::new(config))));
    let experiments =
        experiments.iter().map(|entry| (entry.about().name, Kind::Experiment(*entry)));
    networks.chain(growing).chain(experiments).map(|(name, kind)| Subject { name, kind }).collect()
}

/// Networks with pre-activations beyond 88, where eˣ overflows in `f32`.
fn growing() -> [(&'static str, NetworkConfig); 2] {
    let selu = MlpConfig {
        inputs: 10,
        depth: 12,
        activation: Activation::Selu,
        initializer: Initializer::MeanField(6.0),
        ..MlpConfig::default()
    };
    let elu = ResnetConfig {
        input_shape: [1, 8, 8],
        stages: vec![10, 10],
        width: 8,
        normalization: Normalization::None,
        activation: Activation::Elu,
        ..ResnetConfig::default()
    };
    [
        ("mlp-selu-growing", NetworkConfig::Mlp(selu)),
        ("resnet-elu-growing", NetworkConfig::Resnet(elu)),
    ]
}

impl Subject {
    /// Tells whether it is an experiment.
    pub fn is_experiment(&self) -> bool {
        matches!(self.kind, Kind::Experiment(_))
    }

    /// Measures on a device without autodiff: loss, and all quantities of the hook, of a network at one
    /// step of gradient descent; or whatever the smallest trial of an experiment's quick preset measures
    /// up to the end of its first step.
    ///
    /// # Errors
    ///
    /// Data that cannot be had, or the message of a device that failed.
    pub fn measure(&self, device: &Device) -> anyhow::Result<Vec<Row>> {
        let measured = silent(|| match &self.kind {
            Kind::Network(config) => one_step(NetworkConfig::clone(config), QUANTITIES, device),
            Kind::Growing(config) => one_step(NetworkConfig::clone(config), &of_size(), device),
            Kind::Experiment(entry) => beginning(*entry, device),
        });
        measured.map_err(anyhow::Error::msg)?
    }
}

/// Examples in the batch of a network's step.
const BATCH: usize = 4;
const SEED: u64 = 5;

/// The quantities that say how large gradients are, without those that count elements which are 0 or tiny.
/// Where an ELU saturates, a kernel that takes the slope from the output has exactly 0 where another has 1e-8:
/// neither count is wrong, and they do not agree.
fn of_size() -> Vec<&'static dyn Quantity> {
    let counts = |name: QuantityName| {
        name.as_str().ends_with("_share") || name == QuantityName::GRADIENT_HISTOGRAM
    };
    QUANTITIES.iter().copied().filter(|quantity| !counts(quantity.name())).collect()
}

fn one_step(
    config: NetworkConfig,
    quantities: &[&'static dyn Quantity],
    device: &Device,
) -> anyhow::Result<Vec<Row>> {
    let data = Supervised::made_up(&config, BATCH, SEED);
    let trainer = TrainerConfig {
        seed: SEED,
        steps: 2,
        batch_size: BATCH,
        optimizer: OptimizerConfig::SGD,
        learning_rate: 0.1,
        loss_every: 1,
        ..TrainerConfig::default()
    };
    let quantities = quantities.to_vec();
    let hook = move || GradientHook::new(&quantities, Schedule::Every(1));
    let mut first = FirstStep::default();
    training(config, trainer, Data::held(Arc::new(data)), hook).run(device, &mut first)?;
    Ok(first.rows)
}

fn beginning(experiment: &dyn Entry, device: &Device) -> anyhow::Result<Vec<Row>> {
    let mut settings = experiment.settings(Preset::Quick, &[])?;
    choose_nothing(&mut settings);
    let trials = experiment.prepare(&settings)?.trials()?;
    let smallest = trials.iter().min_by_key(|trial| trial.cost).context("there are no trials")?;
    let mut first = FirstStep::default();
    smallest.task.run(device, &mut first)?;
    Ok(first.rows)
}

/// Leaves one learning rate of those that are tried: a choice takes whole trainings.
fn choose_nothing(settings: &mut Table) {
    if let Some(Value::Array(rates)) = settings.get_mut("rates") {
        rates.truncate(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_signals_pass_the_overflow_of_exp_and_nothing_is_lost() {
        for (name, config) in growing() {
            let rows = one_step(config, &of_size(), &Device::flex()).unwrap();
            let deviations =
                rows.iter().filter(|r| r.quantity == QuantityName::ACTIVATION_STANDARD_DEVIATION);
            let largest = deviations.map(|row| row.value).fold(0.0, f64::max);
            assert!(largest > 88.0, "{name}: {largest}");
            assert!(rows.iter().all(|row| row.value.is_finite()), "{name}");
        }
    }
}
