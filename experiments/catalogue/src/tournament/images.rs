//! Images to classify, with networks of several depths.

use std::cell::OnceCell;
use std::sync::Arc;

use backdraft_datasets::{Augmentation, ImageSet};
use backdraft_lab::measure::{Assignment, Data, Portion, Source};
use backdraft_lab::settings::{SettingsError, in_range};
use backdraft_layers::{Activation, Initializer, TaskShape};
use backdraft_mlp::{MlpConfig, Normalization};
use backdraft_record::Results;
use backdraft_trainer::OptimizerConfig;
use backdraft_zoo::NetworkConfig;
use serde::{Deserialize, Serialize};

use super::{Contest, Goal, Lesson, Task, Tournament, TournamentArm};

/// Settings of a tournament in which networks classify images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Images {
    /// The images: `digits` (embedded), `fashion-mnist`, `mnist`, …
    pub(crate) data: ImageSet,
    /// Images to train on, at most.
    pub(crate) images: usize,
    /// Hidden layers.
    pub(crate) depths: Vec<usize>,
    /// Units of a hidden layer.
    pub(crate) width: usize,
    /// Test accuracy that counts as learnt.
    pub(crate) accuracy: f64,
}

/// How a network meets an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reading {
    /// In its shape, which a recurrent network reads row by row.
    Whole,
    /// Pixel by pixel.
    Pixels,
    /// Pixel by pixel, in an order that is random but the same for all images.
    Permuted,
}

impl Task for Images {
    const SIZE: &'static str = "depth";

    type Form = Reading;

    fn sizes(&self) -> &[usize] {
        &self.depths
    }

    fn validate(&self) -> Result<(), SettingsError> {
        in_range("images", self.images, 1..=10_000_000)?;
        self.depths.iter().try_for_each(|depth| in_range("depths", *depth, 1..=1_000))?;
        in_range("width", self.width, 1..=8_192)?;
        in_range("accuracy", self.accuracy, 0.0..=1.0)
    }

    fn lessons(&self) -> anyhow::Result<impl Fn(Reading, usize) -> anyhow::Result<Lesson>> {
        let (examples, augmentation) = (self.images, Augmentation::default());
        let portion = Portion { examples, length: 0, augmentation };
        let Assignment { data: ordered, shape: whole } = Source::Images(self.data).load(portion)?;
        let images = ordered.of(0)?;
        let permuted = OnceCell::new();
        let permute = move || Data::held(Arc::new(images.permuted()));
        let pixels = vec![whole.example_shape.iter().product()];
        let flat = TaskShape { example_shape: pixels, ..whole.clone() };
        Ok(move |reading, _| {
            let (data, shape) = match reading {
                Reading::Whole => (&ordered, &whole),
                Reading::Pixels => (&ordered, &flat),
                Reading::Permuted => (permuted.get_or_init(&permute), &flat),
            };
            Ok(Lesson { shape: shape.clone(), data: data.clone(), stop_below: None })
        })
    }
}

impl Tournament<Images> {
    /// Returns an arm with these settings, trained by `optimizer`.
    pub(crate) fn arm(
        &self,
        name: impl Into<String>,
        optimizer: OptimizerConfig,
        network: impl Fn(usize) -> NetworkConfig + 'static,
    ) -> TournamentArm<Images> {
        self.arm_of(name.into(), optimizer, Reading::Whole, network)
    }

    /// Returns a builder of fully connected networks of this width, with the initialiser that suits
    /// the activation: He's for ReLU, Xavier's for the others.
    pub(crate) fn mlp(
        &self,
        activation: Activation,
        normalization: Normalization,
    ) -> impl Fn(usize) -> NetworkConfig + use<> {
        let initializer = match activation {
            Activation::Relu => Initializer::HeNormal,
            _ => Initializer::XavierNormal,
        };
        let width = self.task.width;
        move |depth| {
            NetworkConfig::Mlp(MlpConfig {
                depth,
                width,
                activation,
                initializer,
                normalization,
                ..Default::default()
            })
        }
    }

    /// Returns the outcome of the arms.
    pub(crate) fn contest<'a>(&'a self, results: &'a Results) -> Contest<'a> {
        self.contest_for(|_| Goal::Accuracy(self.task.accuracy), results)
    }
}
