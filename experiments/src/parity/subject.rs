//! What is measured on every back end: each network of the zoo, and the start of each experiment.

use anyhow::Context;
use backdraft_hooks::{GradientHook, QUANTITIES, Schedule};
use backdraft_rows::Row;
use backdraft_trainer::{OptimizerConfig, TrainerConfig};
use backdraft_zoo::{NetworkConfig, networks};
use burn::tensor::Device;
use toml::{Table, Value};

use super::first_step::FirstStep;
use crate::catalogue::EXPERIMENTS;
use crate::experiment::{Entry, Preset};
use crate::measure::{Supervised, training};
use crate::panics::silent;

/// Something that measures the same on every back end.
pub struct Subject {
    /// Name of a network of the zoo or of an experiment.
    pub name: &'static str,
    kind: Kind,
}

enum Kind {
    Network(Box<NetworkConfig>),
    Experiment(&'static dyn Entry),
}

/// Returns every network of the zoo, then every experiment.
pub fn subjects() -> Vec<Subject> {
    let networks = networks().map(|(name, config)| (name, Kind::Network(Box::new(config))));
    let experiments =
        EXPERIMENTS.iter().map(|entry| (entry.about().name, Kind::Experiment(*entry)));
    networks.chain(experiments).map(|(name, kind)| Subject { name, kind }).collect()
}

impl Subject {
    /// Tells whether it is an experiment.
    pub fn is_experiment(&self) -> bool {
        matches!(self.kind, Kind::Experiment(_))
    }

    /// Measures on a device without autodiff: loss, and all quantities of the hook, of a network in
    /// miniature at one step of gradient descent; or whatever the smallest trial of an experiment's
    /// quick preset measures up to the end of its first step.
    ///
    /// # Errors
    ///
    /// Data that cannot be had, or the message of a device that failed.
    pub fn measure(&self, device: &Device) -> anyhow::Result<Vec<Row>> {
        let measured = silent(|| match &self.kind {
            Kind::Network(config) => one_step(config.miniature(), device),
            Kind::Experiment(entry) => beginning(*entry, device),
        });
        measured.map_err(anyhow::Error::msg)?
    }
}

/// Examples in the batch of a network's step.
const BATCH: usize = 4;
const SEED: u64 = 5;

fn one_step(config: NetworkConfig, device: &Device) -> anyhow::Result<Vec<Row>> {
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
    let hook = || GradientHook::new(QUANTITIES, Schedule::Every(1));
    let mut first = FirstStep::default();
    training(config, trainer, data.into(), hook)(device, &mut first)?;
    Ok(first.rows)
}

fn beginning(experiment: &dyn Entry, device: &Device) -> anyhow::Result<Vec<Row>> {
    let mut settings = experiment.settings(Preset::Quick, &[])?;
    choose_nothing(&mut settings);
    let trials = experiment.prepare(&settings)?.trials()?;
    let smallest = trials.iter().min_by_key(|trial| trial.cost).context("there are no trials")?;
    let mut first = FirstStep::default();
    (smallest.task)(device, &mut first)?;
    Ok(first.rows)
}

/// Leaves one learning rate of those that are tried: a choice takes whole trainings.
fn choose_nothing(settings: &mut Table) {
    if let Some(Value::Array(rates)) = settings.get_mut("rates") {
        rates.truncate(1);
    }
}
