//! The settings of the experiment.

use backdraft_datasets::{Augmentation, ImageSet};
use backdraft_lab::settings::{Settings, SettingsError, in_range, positive, require};
use backdraft_record::Preset;
use serde::{Deserialize, Serialize};

/// Settings of `degradation`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DegradationSettings {
    /// Number of seeds.
    pub(super) seeds: u64,
    /// The first seed; the others follow it.
    pub(super) first_seed: u64,
    /// The images: `digits` (embedded), `fashion-mnist`, `mnist`, `cifar-10`, …
    pub(super) data: ImageSet,
    /// Images to train on, at most.
    pub(super) images: usize,
    /// Depths of the form 6n + 2.
    pub(super) depths: Vec<usize>,
    /// How training images are augmented.
    pub(super) augmentation: Augmentation,
    /// Channels of the first stage.
    pub(super) width: usize,
    /// Optimiser steps per training.
    pub(super) steps: u64,
    /// Images per step.
    pub(super) batch_size: usize,
    /// Learning rate at the start; it is divided by 10 after each third of the steps.
    pub(super) rate: f64,
    /// Steps between two evaluations.
    pub(super) evaluate_every: u64,
}

impl DegradationSettings {
    pub(super) fn of(preset: Preset) -> Self {
        let of = |data, images, depths, width, steps, batch_size| Self {
            seeds: 5,
            first_seed: 0,
            data,
            images,
            depths,
            augmentation: Augmentation::default(),
            width,
            steps,
            batch_size,
            rate: 0.1,
            evaluate_every: steps / 8,
        };
        match preset {
            Preset::Quick => {
                Self { seeds: 12, ..of(ImageSet::Digits, 2_000, vec![8, 44], 4, 100, 64) }
            }
            // No evaluation between the first and the last step: each costs as much as 52 steps.
            Preset::Standard => Self {
                evaluate_every: 470,
                ..of(ImageSet::FashionMnist, 20_000, vec![20, 56], 16, 470, 64)
            },
            Preset::Paper => {
                let cifar = vec![20, 32, 44, 56, 110];
                let augmentation = Augmentation { crop: 4, flip: true };
                let paper = of(ImageSet::Cifar10, 50_000, cifar, 16, 64_000, 128);
                Self { augmentation, ..paper }
            }
        }
    }

    /// Returns the smallest and the greatest depth.
    pub(super) fn extremes(&self) -> (usize, usize) {
        let depths = || self.depths.iter().copied();
        (depths().min().unwrap_or(0), depths().max().unwrap_or(0))
    }
}

impl Settings for DegradationSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        in_range("seeds", self.seeds, 2..=10_000)?;
        in_range("first_seed", self.first_seed, 0..=u64::MAX / 4)?;
        in_range("images", self.images, 1..=10_000_000)?;
        in_range("depths", self.depths.len(), 2..=100)?;
        for depth in &self.depths {
            in_range("depths", *depth, 8..=1_202)?;
            let requirement = "a depth must be of the form 6n + 2: 8, 14, 20, …";
            require(depth % 6 == 2, "depths", depth, requirement)?;
        }
        in_range("augmentation.crop", self.augmentation.crop, 0..=32)?;
        in_range("width", self.width, 1..=1_024)?;
        in_range("steps", self.steps, 4..=10_000_000)?;
        in_range("batch_size", self.batch_size, 2..=100_000)?;
        in_range("evaluate_every", self.evaluate_every, 1..=10_000_000)?;
        positive("rate", self.rate)
    }
}
