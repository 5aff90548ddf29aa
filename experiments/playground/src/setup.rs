//! What can be set in the playground, with bounds that keep an answer within a tenth of a second.

use backdraft_datasets::SequenceTask;
use backdraft_layers::{Activation, Initializer, InvalidField};
use backdraft_mlp::{Normalization, Skip};
use backdraft_recurrent::Cell;
use serde::{Deserialize, Serialize};

/// A network with its task.
///
/// ```
/// use backdraft_playground::Setup;
///
/// let setup: Setup =
///     serde_json::from_str(r#"{"kind": "layers", "depth": 30, "activation": "sigmoid"}"#).unwrap();
/// assert!(setup.validate().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Setup {
    /// Layer upon layer.
    Layers(Layers),
    /// Step after step.
    Sequence(Sequence),
}

/// A fully connected network.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `task` | `digits` | see [`LayerTask`] | |
/// | `seed` | 0 | of weights, batches and data | any |
/// | `depth` | 20 | hidden layers | 1 to 100 |
/// | `width` | 64 | units of a hidden layer | 1 to 256 |
/// | `activation` | `sigmoid` | of the hidden layers | [`Activation`] |
/// | `initializer` | `xavier_normal` | of all weights | [`Initializer`] |
/// | `gain` | 1 | all weight matrices are multiplied by it | above 0, to 20 |
/// | `normalization` | `none` | of pre-activations | [`Normalization`] |
/// | `skip` | `none` | around each hidden layer | [`Skip`] |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Layers {
    /// What it learns.
    pub task: LayerTask,
    /// Decides weights, batches and generated data.
    pub seed: u64,
    /// Number of hidden layers.
    pub depth: usize,
    /// Units of each hidden layer.
    pub width: usize,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// How weights are drawn.
    pub initializer: Initializer,
    /// What all weight matrices are multiplied by, after they are drawn.
    pub gain: f64,
    /// Normalisation of the pre-activations.
    pub normalization: Normalization,
    /// Connections around hidden layers.
    pub skip: Skip,
}

/// What a fully connected network learns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerTask {
    /// To read the embedded real digits: 8 × 8 pixels, 10 classes.
    #[default]
    Digits,
    /// To answer as a random tanh network does to 100 Gaussian inputs: yes or no.
    Teacher,
}

/// A recurrent network of one layer.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `task` | `latch` | see [`SequenceTask`]; not `copy_memory` | |
/// | `seed` | 0 | of weights, batches and data | any |
/// | `cell` | `lstm` | the recurrence | [`Cell`] |
/// | `length` | 50 | time steps; of digits, their own | 10 to 200 |
/// | `hidden` | 64 | units | 1 to 128 |
/// | `forget_bias` | 1 | of an LSTM's forget gate | −20 to 20 |
/// | `chrono` | false | gate biases for memories of up to `length` steps | |
/// | `recurrent_initializer` | `{"orthogonal": 1}` | of recurrent weights | [`Initializer`] |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sequence {
    /// What it learns.
    pub task: SequenceTask,
    /// Decides weights, batches and generated data.
    pub seed: u64,
    /// The recurrence.
    pub cell: Cell,
    /// Time steps.
    pub length: usize,
    /// Units.
    pub hidden: usize,
    /// Initial bias of an LSTM's forget gate.
    pub forget_bias: f64,
    /// Whether gate biases are drawn for memories of up to `length` steps instead.
    pub chrono: bool,
    /// How recurrent weights are drawn.
    pub recurrent_initializer: Initializer,
}

impl Default for Layers {
    fn default() -> Self {
        Self {
            task: LayerTask::default(),
            seed: 0,
            depth: 20,
            width: 64,
            activation: Activation::Sigmoid,
            initializer: Initializer::XavierNormal,
            gain: 1.0,
            normalization: Normalization::None,
            skip: Skip::None,
        }
    }
}

impl Default for Sequence {
    fn default() -> Self {
        Self {
            task: SequenceTask::Latch,
            seed: 0,
            cell: Cell::Lstm,
            length: 50,
            hidden: 64,
            forget_bias: 1.0,
            chrono: false,
            recurrent_initializer: Initializer::Orthogonal(1.0),
        }
    }
}

/// Largest depth × width², or length × hidden²: what one pass costs.
const MOST_WORK: usize = 2_000_000;
const LARGEST_GAIN: f64 = 20.0;

impl Setup {
    /// Checks every setting, and the work that they make together.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] naming the first that is out of range.
    pub fn validate(&self) -> Result<(), InvalidField> {
        match self {
            Self::Layers(layers) => layers.validate(),
            Self::Sequence(sequence) => sequence.validate(),
        }
    }

    /// Returns the seed.
    pub(super) fn seed(&self) -> u64 {
        match self {
            Self::Layers(layers) => layers.seed,
            Self::Sequence(sequence) => sequence.seed,
        }
    }
}

impl Layers {
    fn validate(&self) -> Result<(), InvalidField> {
        seed(self.seed)?;
        InvalidField::unless_in(1..=100, "depth", self.depth)?;
        InvalidField::unless_in(1..=256, "width", self.width)?;
        work(("depth", self.depth), ("width", self.width))?;
        if !(self.gain > 0.0 && self.gain <= LARGEST_GAIN) {
            let requirement = format!("it must be above 0, and {LARGEST_GAIN} at most");
            return Err(InvalidField::new("gain", self.gain, requirement));
        }
        self.initializer.validate("initializer")
    }
}

impl Sequence {
    fn validate(&self) -> Result<(), InvalidField> {
        seed(self.seed)?;
        if self.task == SequenceTask::CopyMemory {
            let requirement = "its answers at every step have no one last state to go back from";
            return Err(InvalidField::new("task", "copy_memory", requirement));
        }
        InvalidField::unless_in(10..=200, "length", self.length)?;
        InvalidField::unless_in(1..=128, "hidden", self.hidden)?;
        work(("length", self.length), ("hidden", self.hidden))?;
        if !(-20.0..=20.0).contains(&self.forget_bias) {
            let requirement = "it must be from −20 to 20";
            return Err(InvalidField::new("forget_bias", self.forget_bias, requirement));
        }
        self.recurrent_initializer.validate("recurrent_initializer")
    }
}

/// Seeds are multiplied and added to where data are drawn.
fn seed(seed: u64) -> Result<(), InvalidField> {
    let requirement = "it must be below 2⁵³, which is what a page can count";
    let is_small = seed < 1 << 53;
    if is_small { Ok(()) } else { Err(InvalidField::new("seed", seed, requirement)) }
}

fn work(count: (&'static str, usize), size: (&'static str, usize)) -> Result<(), InvalidField> {
    if count.1 * size.1 * size.1 <= MOST_WORK {
        return Ok(());
    }
    let requirement = format!(
        "with {} = {} the answer would take too long; {} × {}² may be {MOST_WORK} at most",
        size.0, size.1, count.0, size.0
    );
    Err(InvalidField::new(count.0, count.1, requirement))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> String {
        let setup: Setup = serde_json::from_str(json).unwrap();
        setup.validate().unwrap_err().to_string()
    }

    #[test]
    fn what_is_left_out_has_a_default_and_what_is_unknown_is_refused() {
        let setup: Setup = serde_json::from_str(r#"{"kind": "sequence"}"#).unwrap();
        assert_eq!(setup, Setup::Sequence(Sequence::default()));
        for hostile in [
            r#"{}"#,
            r#"{"kind": "layers", "dept": 3}"#,
            r#"{"kind": "layers", "depth": -1}"#,
            r#"{"kind": "layers", "gain": "1e9"}"#,
            r#"{"kind": "layers", "activation": "rm -rf"}"#,
            r#"{"kind": "layers", "seed": 1e300}"#,
        ] {
            assert!(serde_json::from_str::<Setup>(hostile).is_err(), "{hostile}");
        }
    }

    #[test]
    fn what_would_take_too_long_is_refused_with_its_reason() {
        assert!(refused(r#"{"kind": "layers", "depth": 0}"#).contains("from 1 to 100"));
        assert!(refused(r#"{"kind": "layers", "width": 100000}"#).contains("from 1 to 256"));
        let error = refused(r#"{"kind": "layers", "depth": 100, "width": 256}"#);
        assert!(error.contains("`depth = 100`") && error.contains("too long"), "{error}");
        assert!(refused(r#"{"kind": "layers", "gain": 0}"#).contains("above 0"));
        let error = refused(r#"{"kind": "sequence", "length": 200, "hidden": 128}"#);
        assert!(error.contains("`length = 200`"), "{error}");
        assert!(refused(r#"{"kind": "sequence", "task": "copy_memory"}"#).contains("every step"));
        assert!(refused(r#"{"kind": "layers", "seed": 9007199254740992}"#).contains("2⁵³"));
    }
}
