//! What every architecture of the zoo offers.

use std::fmt::Debug;

use backdraft_hooks::Taps;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{InvalidField, SingleValue};

/// The configuration of an architecture: everything about a network but its weights.
///
/// Implement it for your own configuration and the zoo's conformance kit, `backdraft xray` and the
/// parity suite take your network like ours. CONTRIBUTING.md has the recipe.
pub trait Architecture:
    Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync
{
    /// The module that it builds.
    type Network: Network;

    /// The name in configurations and on the command line, such as `mlp`.
    const NAME: &'static str;

    /// What it is, the papers it follows, and where it departs from them.
    const ABOUT: &'static str;

    /// Configurations worth a name, with that name; the default is not among them.
    fn presets() -> Vec<(&'static str, Self)>;

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] naming the first field that is out of range.
    fn validate(&self) -> Result<(), InvalidField>;

    /// Draws the network of `seed` on `device`.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] if the configuration is not [valid](Self::validate).
    fn try_init(&self, seed: u64, device: &Device) -> Result<Self::Network, InvalidField>;

    /// Returns the shape of one example, without the batch axis; for a sequence, which may have any
    /// length, that of a typical one.
    fn example_shape(&self) -> Vec<usize>;

    /// Tells whether examples of a shape can be scored: by default, those with as many elements.
    fn accepts(&self, example_shape: &[usize]) -> bool {
        example_shape.iter().product::<usize>() == self.example_shape().iter().product::<usize>()
    }

    /// Returns the number of outputs for each example.
    fn outputs(&self) -> usize;

    /// Checks that the network can be trained on batches of so many examples: by default, on any.
    ///
    /// # Errors
    ///
    /// [`SingleValue`] naming the first layer that normalises over the batch and would see one value per
    /// channel.
    fn check_batch(&self, examples: usize) -> Result<(), SingleValue> {
        let _ = examples;
        Ok(())
    }

    /// Returns the same architecture with the sizes that a data set asks for; `None` if it cannot take
    /// such examples or give such answers.
    fn fitted(&self, task: &TaskShape) -> Option<Self>;

    /// Returns the number of learned parameters by formula.
    fn num_learned(&self) -> usize;

    /// Returns the same architecture at sizes fit for checks of every single parameter: a few units,
    /// layers, time steps, pixels.
    fn miniature(&self) -> Self;

    /// Returns how the names of an idiomatic PyTorch twin become ours: pairs of a regular
    /// expression and its replacement. Empty if the twin names its modules as we do.
    fn pytorch_names(&self) -> Vec<(String, String)> {
        vec![]
    }
}

/// What a network is to be made for: examples of this shape, with so many outputs for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskShape {
    /// Shape of an example without the batch axis: `[features]`, `[time steps, features]` or
    /// `[channels, height, width]`.
    pub example_shape: Vec<usize>,
    /// Outputs for an example, or for each of its time steps.
    pub outputs: usize,
    /// Whether every time step is answered.
    pub is_every_step: bool,
}

impl TaskShape {
    /// Returns the examples as sequences, `[time steps, features]`: a vector element by element, an
    /// image row by row.
    ///
    /// ```
    /// use backdraft_layers::TaskShape;
    ///
    /// let image = TaskShape { example_shape: vec![3, 32, 16], outputs: 10, is_every_step: false };
    /// assert_eq!(image.sequence_shape(), Some([96, 16]));
    /// ```
    pub fn sequence_shape(&self) -> Option<[usize; 2]> {
        match self.example_shape[..] {
            [features] => Some([features, 1]),
            [steps, features] => Some([steps, features]),
            [channels, height, width] => Some([channels * height, width]),
            _ => None,
        }
    }

    /// Returns the number of outputs for an example, all time steps together.
    pub fn outputs_each(&self) -> usize {
        match self.sequence_shape() {
            Some([steps, _]) if self.is_every_step => steps * self.outputs,
            _ => self.outputs,
        }
    }
}

/// A network that scores examples.
pub trait Network: Module {
    /// Computes the outputs of flat examples.
    ///
    /// # Shapes
    ///
    /// - examples: `[batch, elements]`, each row an example in row-major order
    /// - output: `[batch, outputs]`
    fn score(&self, examples: Tensor<2>, taps: &mut Taps) -> Tensor<2>;
}
