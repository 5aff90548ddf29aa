//! Data sets and generated tasks by name, in a form that any network of the zoo can learn from.

use std::sync::Arc;

use anyhow::Context;
use backdraft_datasets::{Answer, Augmentation, ImageSet, Places, SequenceTask};
use backdraft_layers::TaskShape;
use backdraft_text::unknown;
use serde::{Deserialize, Serialize};

use super::data::Data;
use super::own::{OwnData, registered};
use super::supervised::Supervised;

/// Where examples come from: a set of images, a generated task over time, or data of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Source {
    /// Images, with their classes.
    Images(ImageSet),
    /// Generated sequences.
    Sequences(SequenceTask),
    /// [Registered](super::register_data) data.
    Own(OwnData),
}

/// The part of a source to use, and how.
#[derive(Clone, Copy, Debug)]
pub struct Portion {
    /// Maximum number of training examples.
    pub examples: usize,
    /// Time steps of generated sequences.
    pub length: usize,
    /// How training images are augmented.
    pub augmentation: Augmentation,
}

/// A data set and the shape that a network for it must have.
#[derive(Clone)]
pub struct Assignment {
    /// The examples.
    pub data: Data,
    /// Sizes of inputs and outputs.
    pub shape: TaskShape,
}

/// Number of examples in a generated test split.
pub(super) const TESTED: usize = 1_000;

impl Source {
    /// Every source.
    pub fn all() -> impl Iterator<Item = Self> {
        let images = ImageSet::ALL.iter().copied().map(Self::Images);
        let sequences = SequenceTask::ALL.iter().copied().map(Self::Sequences);
        images.chain(sequences).chain(registered().into_iter().map(Self::Own))
    }

    /// Returns the name used in configurations.
    pub fn name(&self) -> &str {
        match self {
            Self::Images(set) => set.name(),
            Self::Sequences(task) => task.name(),
            Self::Own(data) => data.source().name(),
        }
    }

    /// Tells whether the task is to predict numbers rather than classes.
    pub fn predicts_values(&self) -> bool {
        match self {
            Self::Images(_) => false,
            Self::Sequences(task) => task.answer() == Answer::Value,
            Self::Own(data) => data.predicts_values(),
        }
    }

    /// Returns the loss of the best predictor that ignores its inputs. Image classes are taken to be
    /// equally frequent; `length` is that of the sequences.
    pub fn trivial_loss(&self, length: usize) -> f64 {
        match self {
            Self::Images(set) => (set.classes() as f64).ln(),
            Self::Sequences(task) => task.trivial_loss(length),
            Self::Own(data) => data.source().trivial_loss(length),
        }
    }

    /// Loads the examples, or prepares to draw them.
    ///
    /// # Errors
    ///
    /// If a file cannot be loaded, or the task cannot have this length.
    pub fn load(&self, portion: Portion) -> anyhow::Result<Assignment> {
        match self {
            Self::Images(set) => {
                let images = set.load(&Places::new(None));
                let mut images = images.context("cannot load the images")?;
                images.train = images.train.first(portion.examples);
                let (shape, classes) = (images.train.shape, images.train.classes);
                Ok(Assignment {
                    data: Data::held(Arc::new(Supervised::of_images(
                        &images,
                        portion.augmentation,
                    ))),
                    shape: TaskShape {
                        example_shape: shape.to_vec(),
                        outputs: classes,
                        is_every_step: false,
                    },
                })
            }
            Self::Own(data) => data.load(&portion),
            &Self::Sequences(task) => {
                let Portion { examples, length, .. } = portion;
                let data = Data::sequences(task, length, [examples, TESTED]);
                let data = data.context("cannot generate the sequences")?;
                Ok(Assignment { data, shape: sequence_shape(task, length)? })
            }
        }
    }
}

/// Returns what a network for a task over time must be made for.
///
/// # Errors
///
/// If the task cannot have this length.
pub fn sequence_shape(task: SequenceTask, length: usize) -> anyhow::Result<TaskShape> {
    let example = task.generate(length, 1, 0)?;
    let (outputs, is_every_step) = match task.answer() {
        Answer::Value => (1, false),
        Answer::Class(classes) => (classes, false),
        Answer::ClassEveryStep(classes) => (classes, true),
    };
    let example_shape = vec![example.steps, example.features];
    Ok(TaskShape { example_shape, outputs, is_every_step })
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.name().to_owned()
    }
}

impl TryFrom<String> for Source {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::all().find(|source| source.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::all().map(|source| source.name().to_owned()).collect();
            let unknown = unknown("data set", &name, names.iter().map(String::as_str));
            format!("{unknown} Available: {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const PORTION: Portion = Portion { examples: 40, length: 12, augmentation: NOTHING };
    const NOTHING: Augmentation = Augmentation { crop: 0, flip: false };

    #[test]
    fn names_are_unique_and_read_back_and_a_misspelt_one_is_answered_with_the_nearest() {
        // Once, because another test may register data.
        let all: Vec<Source> = Source::all().collect();
        let names: HashSet<_> = all.iter().cloned().map(String::from).collect();
        assert_eq!(names.len(), all.len());
        for source in all {
            assert_eq!(Source::try_from(source.name().to_owned()), Ok(source.clone()));
        }
        let error = Source::try_from("fashon-mnist".to_owned()).unwrap_err();
        assert!(error.contains("did you mean `fashion-mnist`?"), "{error}");
    }

    #[test]
    fn every_task_and_the_digits_suit_an_architecture_of_every_kind_that_can_answer() {
        let is_embedded = |source: &Source| {
            matches!(source, Source::Sequences(_) | Source::Images(ImageSet::Digits))
        };
        for source in Source::all().filter(is_embedded) {
            let assignment = source.load(PORTION).unwrap();
            for entry in backdraft_zoo::architectures() {
                let Some(fitted) = entry.default.fitted(&assignment.shape) else { continue };
                assert!(fitted.accepts(&assignment.shape.example_shape), "{source:?}");
            }
            let outputs = assignment.shape.outputs;
            assert_eq!(source.predicts_values(), outputs == 1, "{source:?}");
        }
    }
}
