//! Data of one's own, found by name.

use std::fmt;
use std::sync::{PoisonError, RwLock};

use anyhow::ensure;
use backdraft_datasets::Answer;
use backdraft_layers::TaskShape;

use super::data::{Data, Extent};
use super::source::{Assignment, Portion, Source, TESTED};
use super::supervised::{Supervised, Table};

/// Where examples come from: implement this, and a network of any kind can learn them.
///
/// Data are plain numbers in host memory; nothing here knows tensors or models.
pub trait DataSource: Send + Sync + 'static {
    /// The name in `--set data=NAME`: lower-case letters, digits and hyphens.
    fn name(&self) -> &'static str;

    /// The answer that is expected of a network.
    fn answer(&self) -> Answer;

    /// Returns the shape of an example: `[features]`, `[time steps, features]` or
    /// `[channels, height, width]`. Data without a length ignore it.
    fn example_shape(&self, length: usize) -> Vec<usize>;

    /// Draws examples, or reads them. The two splits must not share any.
    ///
    /// # Errors
    ///
    /// Data that cannot be had.
    fn draw(&self, wanted: Wanted) -> anyhow::Result<Drawn>;

    /// Returns the loss of the best predictor that ignores its inputs: the variance of the values, or the
    /// entropy of the classes in nats.
    fn trivial_loss(&self, length: usize) -> f64;
}

/// Which examples are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// To train on, or to test with.
    pub split: Split,
    /// How many; there may be fewer.
    pub examples: usize,
    /// Time steps, for data that have a length.
    pub length: usize,
    /// The same seed must give the same examples.
    pub seed: u64,
}

/// A part of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// To train on.
    Training,
    /// To test with.
    Test,
}

/// Examples in host memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawn {
    /// `[examples, elements]`, row by row.
    pub inputs: Vec<f32>,
    /// `[examples]`, or `[examples, time steps]` if an answer is expected at every step: values, or
    /// classes as whole numbers from 0.
    pub targets: Vec<f32>,
}

/// Data that a name finds.
#[derive(Clone, Copy)]
pub struct OwnData(&'static dyn DataSource);

impl OwnData {
    /// Returns what implements it.
    pub fn source(self) -> &'static dyn DataSource {
        self.0
    }

    pub(super) fn predicts_values(self) -> bool {
        self.0.answer() == Answer::Value
    }

    /// Prepares to draw examples.
    pub(super) fn load(self, portion: &Portion) -> anyhow::Result<Assignment> {
        let shape = self.shape(portion.length)?;
        let values = elements(&shape) + targets_each(&shape);
        let extent = Extent { trained: portion.examples, tested: TESTED, values };
        let (examples, length) = (portion.examples, portion.length);
        let loss = self.0.answer().into();
        let data = Data::drawn(extent, move |seed| {
            let draw = |split, examples| self.draw(Wanted { split, examples, length, seed });
            let (train, test) = (draw(Split::Training, examples)?, draw(Split::Test, TESTED)?);
            Ok(Supervised::of_tables(train, test, loss).into())
        });
        Ok(Assignment { data, shape })
    }

    fn shape(self, length: usize) -> anyhow::Result<TaskShape> {
        let (outputs, is_every_step) = match self.0.answer() {
            Answer::Value => (1, false),
            Answer::Class(classes) => (classes, false),
            Answer::ClassEveryStep(classes) => (classes, true),
        };
        let name = self.0.name();
        let shape =
            TaskShape { example_shape: self.0.example_shape(length), outputs, is_every_step };
        let is_possible = elements(&shape) > 0 && shape.sequence_shape().is_some();
        let given = &shape.example_shape;
        ensure!(is_possible, "the data `{name}` have examples of shape {given:?}: 1 to 3 axes");
        Ok(shape)
    }

    /// Draws examples and checks them.
    fn draw(self, wanted: Wanted) -> anyhow::Result<Table> {
        let name = self.0.name();
        let shape = self.shape(wanted.length)?;
        let Drawn { inputs, targets } = self.0.draw(wanted)?;
        let rows = inputs.len() / elements(&shape);
        let is_whole = rows > 0
            && rows <= wanted.examples
            && inputs.len() == rows * elements(&shape)
            && targets.len() == rows * targets_each(&shape);
        let (given, answers, examples) = (inputs.len(), targets.len(), wanted.examples);
        ensure!(
            is_whole,
            "the data `{name}` have drawn {given} inputs and {answers} targets: that is not 1 to \
             {examples} examples of shape {:?}",
            shape.example_shape
        );
        let is_finite = inputs.iter().chain(&targets).all(|value| value.is_finite());
        ensure!(is_finite, "the data `{name}` have drawn a number that is not finite");
        if !self.predicts_values() {
            let classes = shape.outputs;
            let is_class =
                |value: &f32| value.fract() == 0.0 && (0.0..classes as f32).contains(value);
            let odd = targets.iter().find(|value| !is_class(value));
            ensure!(
                odd.is_none(),
                "the data `{name}` have drawn a class that is none of 0 to {}",
                classes - 1
            );
        }
        Ok(Table { inputs, targets, rows })
    }
}

fn elements(shape: &TaskShape) -> usize {
    shape.example_shape.iter().product()
}

fn targets_each(shape: &TaskShape) -> usize {
    let steps = shape.sequence_shape().map_or(1, |[steps, _]| steps);
    if shape.is_every_step { steps } else { 1 }
}

impl fmt::Debug for OwnData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnData").field(&self.0.name()).finish()
    }
}

/// The same name is the same data.
impl PartialEq for OwnData {
    fn eq(&self, other: &Self) -> bool {
        self.0.name() == other.0.name()
    }
}

impl Eq for OwnData {}

/// For the whole process, because settings are read without any context.
static REGISTERED: RwLock<Vec<OwnData>> = RwLock::new(Vec::new());

/// Two data sets or tasks have the same name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are two data sets `{name}`: rename the one that is added")]
pub struct DataNameTaken {
    /// The name.
    pub name: String,
}

/// Lets a name find data in the settings of `training`, for the whole process.
///
/// # Errors
///
/// [`DataNameTaken`] if there are data of that name.
pub fn register_data(source: impl DataSource) -> Result<(), DataNameTaken> {
    let name = source.name();
    if Source::all().any(|known| known.name() == name) {
        return Err(DataNameTaken { name: name.to_owned() });
    }
    let mut all = REGISTERED.write().unwrap_or_else(PoisonError::into_inner);
    // Until the process ends, like the list itself.
    all.push(OwnData(Box::leak(Box::new(source))));
    Ok(())
}

/// Returns all registered data.
pub(super) fn registered() -> Vec<OwnData> {
    REGISTERED.read().unwrap_or_else(PoisonError::into_inner).clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_datasets::Augmentation;

    /// Which of two numbers is larger; with faults on request.
    struct Larger(&'static str, fn(&mut Drawn));

    impl DataSource for Larger {
        fn name(&self) -> &'static str {
            self.0
        }

        fn answer(&self) -> Answer {
            Answer::Class(2)
        }

        fn example_shape(&self, _: usize) -> Vec<usize> {
            vec![2]
        }

        fn draw(&self, wanted: Wanted) -> anyhow::Result<Drawn> {
            let mut drawn = Drawn::default();
            for example in 0..wanted.examples.min(50) {
                let pair = [(example + wanted.seed as usize) as f32 % 7.0, example as f32 % 5.0];
                drawn.inputs.extend(pair);
                drawn.targets.push(f32::from(pair[0] > pair[1]));
            }
            (self.1)(&mut drawn);
            Ok(drawn)
        }

        fn trivial_loss(&self, _: usize) -> f64 {
            2f64.ln()
        }
    }

    fn portion() -> Portion {
        Portion { examples: 40, length: 5, augmentation: Augmentation::default() }
    }

    #[test]
    fn registered_data_are_found_by_name_and_no_name_is_given_twice() {
        register_data(Larger("larger", |_| {})).unwrap();
        let source = Source::try_from("larger".to_owned()).unwrap();
        assert_eq!(String::from(source.clone()), "larger");
        let Assignment { data, shape } = source.load(portion()).unwrap();
        assert_eq!((shape.example_shape, shape.outputs), (vec![2], 2));
        assert_eq!(data.of(3).unwrap().extent(), Extent { trained: 40, tested: 50, values: 3 });
        assert_eq!(source.trivial_loss(5), 2f64.ln());
        for taken in ["larger", "digits", "adding"] {
            let error = register_data(Larger(taken, |_| {})).unwrap_err();
            assert_eq!(error.name, taken);
        }
    }

    #[test]
    fn examples_that_cannot_be_are_refused_with_the_name_of_the_data() {
        let refused = |fault: fn(&mut Drawn), expected: &str| {
            let own = OwnData(Box::leak(Box::new(Larger("faulty", fault))));
            let error = own.load(&portion()).unwrap().data.of(0).err().unwrap().to_string();
            assert!(error.contains("`faulty`") && error.contains(expected), "{error}");
        };
        refused(|drawn| drawn.inputs.clear(), "0 inputs");
        refused(|drawn| drawn.targets.truncate(7), "7 targets");
        refused(|drawn| drawn.inputs[3] = f32::NAN, "not finite");
        refused(|drawn| drawn.targets[3] = 2.0, "none of 0 to 1");
        refused(|drawn| drawn.targets[3] = 0.5, "none of 0 to 1");
    }
}
