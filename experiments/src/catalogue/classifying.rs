//! Settings and trials of experiments in which networks compete at classifying images.

use std::ops::Range;
use std::sync::Arc;

use anyhow::Context;
use backdraft_datasets::{Augmentation, ImageSet, Places};
use backdraft_hooks::GradientHook;
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::{MlpConfig, Normalization};
use backdraft_trainer::{OptimizerConfig, TrainerConfig};
use backdraft_zoo::NetworkConfig;
use serde::{Deserialize, Serialize};

use super::contest::{Contest, Goal};
use crate::measure::{Arm, Budget, Supervised, TunedArm};
use crate::results::Results;
use crate::settings::{Settings, SettingsError, in_range, positive};
use crate::trial::{Factors, Trial};

/// Settings of an experiment in which networks compete at classifying images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClassifyingSettings {
    /// Number of seeds that are judged.
    pub(crate) seeds: u64,
    /// The first seed; the others follow it.
    pub(crate) first_seed: u64,
    /// The images: `digits` (embedded), `fashion-mnist`, `mnist`, …
    pub(crate) data: ImageSet,
    /// Images to train on, at most.
    pub(crate) images: usize,
    /// Hidden layers.
    pub(crate) depths: Vec<usize>,
    /// Units of a hidden layer.
    pub(crate) width: usize,
    /// Optimiser steps per training.
    pub(crate) steps: u64,
    /// Images per step.
    pub(crate) batch_size: usize,
    /// Learning rates; each arm is trained at its best one.
    pub(crate) rates: Vec<f64>,
    /// Seeds on which every rate is tried; none of them is judged.
    pub(crate) tuning_seeds: u64,
    /// Steps between two evaluations.
    pub(crate) evaluate_every: u64,
    /// Test accuracy that counts as learnt.
    pub(crate) accuracy: f64,
}

/// A network and its training, all but seed and learning rate.
pub(crate) struct ClassifyingArm {
    pub(crate) name: String,
    /// Builds the network for images of a shape, at a depth.
    pub(crate) network: Box<dyn Fn(ImageShape, usize) -> NetworkConfig>,
    pub(crate) trainer: TrainerConfig,
    /// Learning rates to choose from.
    pub(crate) rates: Vec<f64>,
    /// Whether the pixels are permuted, in the same way for all images.
    pub(crate) is_permuted: bool,
    pub(crate) hook: fn() -> GradientHook,
}

/// Channels, height and width, and the number of classes.
#[derive(Clone, Copy)]
pub(crate) struct ImageShape {
    pub(crate) shape: [usize; 3],
    pub(crate) classes: usize,
}

impl ImageShape {
    /// Returns the number of values of an image.
    pub(crate) fn elements(self) -> usize {
        self.shape.iter().product()
    }
}

impl Settings for ClassifyingSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        in_range("seeds", self.seeds, 2..=10_000)?;
        in_range("first_seed", self.first_seed, 0..=u64::MAX / 8)?;
        in_range("images", self.images, 1..=10_000_000)?;
        in_range("depths", self.depths.len(), 1..=100)?;
        for depth in &self.depths {
            in_range("depths", *depth, 1..=1_000)?;
        }
        in_range("width", self.width, 1..=8_192)?;
        in_range("steps", self.steps, 1..=10_000_000)?;
        in_range("batch_size", self.batch_size, 1..=100_000)?;
        in_range("rates", self.rates.len(), 1..=100)?;
        self.rates.iter().try_for_each(|rate| positive("rates", *rate))?;
        in_range("tuning_seeds", self.tuning_seeds, 1..=1_000)?;
        in_range("evaluate_every", self.evaluate_every, 1..=10_000_000)?;
        in_range("accuracy", self.accuracy, 0.0..=1.0)
    }
}

impl ClassifyingSettings {
    /// Returns the seeds that are judged.
    pub(crate) fn seeds(&self) -> Range<u64> {
        self.first_seed..self.first_seed + self.seeds
    }

    /// The smallest and the greatest depth.
    pub(crate) fn extremes(&self) -> (usize, usize) {
        let depths = || self.depths.iter().copied();
        (depths().min().unwrap_or(0), depths().max().unwrap_or(0))
    }

    /// Returns an arm with these settings, trained by `optimizer`.
    pub(crate) fn arm(
        &self,
        name: impl Into<String>,
        optimizer: OptimizerConfig,
        network: impl Fn(ImageShape, usize) -> NetworkConfig + 'static,
    ) -> ClassifyingArm {
        let trainer = TrainerConfig {
            steps: self.steps,
            batch_size: self.batch_size,
            optimizer,
            evaluate_every: self.evaluate_every,
            ..Default::default()
        };
        ClassifyingArm {
            name: name.into(),
            network: Box::new(network),
            trainer,
            rates: self.rates.clone(),
            is_permuted: false,
            hook: super::learning::hook,
        }
    }

    /// Returns a builder of fully connected networks of this width, with the initialiser that suits
    /// the activation: He's for ReLU, Xavier's for the others.
    pub(crate) fn mlp(
        &self,
        activation: Activation,
        normalization: Normalization,
    ) -> impl Fn(ImageShape, usize) -> NetworkConfig + use<> {
        let initializer = match activation {
            Activation::Relu => Initializer::HeNormal,
            _ => Initializer::XavierNormal,
        };
        let width = self.width;
        move |images, depth| {
            NetworkConfig::Mlp(MlpConfig {
                inputs: images.elements(),
                outputs: images.classes,
                depth,
                width,
                activation,
                initializer,
                normalization,
                ..Default::default()
            })
        }
    }

    /// Trains every arm at every depth with every seed.
    pub(crate) fn trials(&self, arms: &[ClassifyingArm]) -> anyhow::Result<Vec<Trial>> {
        let images = self.data.load(&Places::new(None)).context("cannot load the images");
        let mut images = images?;
        images.train = images.train.first(self.images);
        let shape = ImageShape { shape: images.train.shape, classes: images.train.classes };
        let ordered = Arc::new(Supervised::of_images(&images, Augmentation::default()));
        let permuted = Arc::new(ordered.permuted());
        let mut tuned = Vec::new();
        for &depth in &self.depths {
            for arm in arms {
                let data = Arc::clone(if arm.is_permuted { &permuted } else { &ordered });
                let full = Arm {
                    network: (arm.network)(shape, depth),
                    trainer: arm.trainer.clone(),
                    data: Arc::new(move |_| Ok(Arc::clone(&data))),
                    hook: arm.hook,
                };
                let budget = Budget::new(arm.rates.clone(), self.tuning_seeds, self.first_seed);
                let factors =
                    Factors::new([("arm", arm.name.clone()), ("depth", depth.to_string())]);
                tuned.push((factors, depth, TunedArm::new(full, budget)));
            }
        }
        // As for sequences, workers that start together should tune different arms.
        let trial = |seed: u64, (factors, depth, arm): &(Factors, usize, Arc<TunedArm>)| Trial {
            factors: factors.clone(),
            seed,
            cost: *depth as u64,
            task: arm.task(seed),
        };
        Ok(self.seeds().flat_map(|seed| tuned.iter().map(move |arm| trial(seed, arm))).collect())
    }

    /// Returns the outcome of the arms.
    pub(crate) fn contest<'a>(&'a self, results: &'a Results) -> Contest<'a> {
        Contest {
            results,
            steps: self.steps,
            evaluate_every: self.evaluate_every,
            size: "depth",
            sizes: &self.depths,
            goal: Box::new(|_| Goal::Accuracy(self.accuracy)),
        }
    }
}
