//! The settings of the experiment.

use backdraft_datasets::{Augmentation, ImageSet};
use backdraft_lab::measure::{FileOptions, Portion, Source};
use backdraft_lab::settings::{Overlay, Settings, SettingsError, in_range, resolve};
use backdraft_record::Preset;
use backdraft_trainer::{Clipping, OptimizerConfig, RateSchedule, TrainerConfig};
use backdraft_zoo::{NetworkConfig, named};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::data::{Examples, Target};

/// Settings of `training`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrainingSettings {
    /// Number of seeds.
    pub(super) seeds: u64,
    /// The first seed; the others follow it.
    pub(super) first_seed: u64,
    /// An architecture or preset of the zoo.
    pub(super) model: String,
    /// Settings of the network that differ from the model's. Its input and output sizes follow the
    /// data.
    pub(super) network: Table,
    /// The data: `digits`, `fashion-mnist`, `cifar-10`, …, or `adding`, `copy-memory`, …, or a file.
    pub(super) data: Examples,
    /// Examples to train on, at most.
    pub(super) examples: usize,
    /// Time steps of generated sequences.
    pub(super) length: usize,
    /// How training images are augmented.
    pub(super) augmentation: Augmentation,
    /// Optimiser steps.
    pub(super) steps: u64,
    /// Examples per step.
    pub(super) batch_size: usize,
    /// The optimiser.
    pub(super) optimizer: OptimizerConfig,
    /// Learning rate at the start.
    pub(super) rate: f64,
    /// Schedule of the learning rate.
    pub(super) rate_schedule: RateSchedule,
    /// Bound on the gradient's global norm; 0 for none.
    pub(super) clip_norm: f64,
    /// Evaluations on the test split, in addition to the one before training.
    pub(super) evaluations: u64,
    /// Observations of all layers' gradients, evenly spaced over the training.
    pub(super) observations: u64,
    /// Test accuracy to reach; where numbers are predicted, the mean squared error. Of a table, the column
    /// to predict.
    pub(super) target: Target,
    /// How a file is read.
    // Left out where it is the default, so that runs of other data keep their ids.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) table: FileOptions,
}

impl TrainingSettings {
    pub(super) fn of(preset: Preset) -> Self {
        let momentum = OptimizerConfig::Sgd { momentum: 0.9, weight_decay: 1e-4 };
        let quick = Self {
            seeds: 5,
            first_seed: 0,
            model: "mlp".to_owned(),
            network: Table::new(),
            data: Source::Images(ImageSet::Digits).into(),
            examples: 100_000,
            length: 100,
            augmentation: Augmentation::default(),
            steps: 1_000,
            batch_size: 32,
            optimizer: OptimizerConfig::ADAM,
            rate: 1e-3,
            rate_schedule: RateSchedule::Constant,
            clip_norm: 0.0,
            evaluations: 20,
            observations: 50,
            target: Target::Goal(0.95),
            table: FileOptions::default(),
        };
        let residual = Self {
            model: "resnet-20".to_owned(),
            augmentation: Augmentation { crop: 0, flip: true },
            batch_size: 128,
            optimizer: momentum,
            rate: 0.1,
            ..quick.clone()
        };
        match preset {
            Preset::Quick => quick,
            Preset::Standard => Self {
                data: Source::Images(ImageSet::FashionMnist).into(),
                steps: 2_814,
                rate_schedule: RateSchedule::Cosine,
                evaluations: 6,
                target: Target::Goal(0.92),
                ..residual
            },
            // He et al. 2016, § 4.2, table 6: 8.75 % error with ResNet-20.
            Preset::Paper => Self {
                data: Source::Images(ImageSet::Cifar10).into(),
                augmentation: Augmentation { crop: 4, flip: true },
                steps: 64_000,
                rate_schedule: RateSchedule::Step { every: 32_000, factor: 0.1 },
                target: Target::Goal(0.9125),
                ..residual
            },
        }
    }

    /// Returns the network before its sizes are fitted to the data.
    ///
    /// # Errors
    ///
    /// A [`SettingsError`] that names the model or the network's setting.
    pub(super) fn network(&self) -> Result<NetworkConfig, SettingsError> {
        let model = named(&self.model).ok_or_else(|| SettingsError::Range {
            key: "model".to_owned(),
            value: self.model.clone(),
            requirement: "it must be a name that `backdraft zoo` lists".to_owned(),
        })?;
        let origin = format!("network of {}", self.model);
        resolve(&model, &[Overlay { origin, table: self.network.clone() }])
    }

    pub(super) fn portion(&self) -> Portion {
        let &Self { examples, length, augmentation, .. } = self;
        Portion { examples, length, augmentation }
    }

    pub(super) fn trainer(&self, seed: u64) -> TrainerConfig {
        TrainerConfig {
            seed,
            steps: self.steps,
            batch_size: self.batch_size,
            optimizer: self.optimizer,
            learning_rate: self.rate,
            rate_schedule: self.rate_schedule,
            clipping: (self.clip_norm != 0.0).then_some(Clipping::GlobalNorm(self.clip_norm)),
            evaluate_every: self.every(self.evaluations),
            ..Default::default()
        }
    }

    /// Steps between two of `times` evenly distributed events.
    pub(super) fn every(&self, times: u64) -> u64 {
        (self.steps / times).max(1)
    }
}

impl Settings for TrainingSettings {
    const OPEN: &'static [&'static str] = &["network", "optimizer", "table"];

    fn validate(&self) -> Result<(), SettingsError> {
        in_range("seeds", self.seeds, 2..=10_000)?;
        in_range("first_seed", self.first_seed, 0..=u64::MAX / 4)?;
        in_range("examples", self.examples, 1..=10_000_000)?;
        in_range("length", self.length, 2..=100_000)?;
        in_range("augmentation.crop", self.augmentation.crop, 0..=32)?;
        in_range("steps", self.steps, 1..=10_000_000)?;
        in_range("batch_size", self.batch_size, 1..=100_000)?;
        in_range("clip_norm", self.clip_norm, 0.0..=1e9)?;
        in_range("evaluations", self.evaluations, 1..=10_000)?;
        in_range("observations", self.observations, 1..=10_000)?;
        self.validate_data()?;
        self.network()?;
        self.trainer(0).validate().map_err(|error| SettingsError::Range {
            key: error.field.replace("learning_rate", "rate"),
            value: error.value,
            requirement: error.requirement,
        })
    }
}

/// Tells whether files are read as they are by default.
fn is_default(options: &FileOptions) -> bool {
    *options == FileOptions::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(arguments: &[&str]) -> Result<TrainingSettings, SettingsError> {
        let overlays: Result<Vec<_>, _> = arguments.iter().map(|a| Overlay::parse(a)).collect();
        resolve(&TrainingSettings::of(Preset::Quick), &overlays?)
    }

    #[test]
    fn any_network_is_set_by_its_own_fields_one_by_one() {
        let settings =
            with(&["network.depth=30", "network.activation=sigmoid", "model=mlp-50"]).unwrap();
        let NetworkConfig::Mlp(mlp) = settings.network().unwrap() else { unreachable!() };
        assert_eq!((mlp.depth, mlp.activation.name()), (30, "sigmoid"));
        let settings = with(&["optimizer.name=sgd", "optimizer.momentum=0.5"]).unwrap();
        let sgd = OptimizerConfig::Sgd { momentum: 0.5, weight_decay: 0.0 };
        assert_eq!(settings.optimizer, sgd);
    }

    #[test]
    fn what_cannot_be_is_refused_with_the_field() {
        let refused = |argument: &str, expected: &str| {
            let error = with(&[argument]).unwrap_err().to_string();
            assert!(error.contains(expected), "{argument}: {error}");
        };
        refused("model=resnet20", "`model = resnet20`");
        refused(
            "network.dept=3",
            "network of mlp: there is no setting `dept`; did you mean `depth`",
        );
        refused("network.depth=0", "`depth = 0`");
        refused("data=digit", "did you mean `digits`?");
        refused("rate=0", "`rate = 0`");
        refused("clip_norm=-1", "`clip_norm = -1`");
    }
}
