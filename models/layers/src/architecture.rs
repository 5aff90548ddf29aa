//! The traits that every architecture implements.

use std::fmt::Debug;

use backdraft_hooks::Taps;
use backdraft_spec::InvalidField;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::SingleValue;

/// The configuration of an architecture: everything about a network except its weights.
///
/// Implement it for your own configuration to check your network with the zoo's conformance kit.
/// CONTRIBUTING.md has a recipe.
pub trait Architecture:
    Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync
{
    /// The module that the configuration builds.
    type Network: Network;

    /// The name used in configurations and on the command line, such as `mlp`.
    const NAME: &'static str;

    /// A description: what the architecture is, which papers it follows, and how it differs from
    /// them.
    const ABOUT: &'static str;

    /// Named configurations other than the default.
    fn presets() -> Vec<(&'static str, Self)>;

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] naming the first field that is out of range.
    fn validate(&self) -> Result<(), InvalidField>;

    /// Creates the network on `device`, with weights drawn from `seed`.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] if the configuration is not [valid](Self::validate).
    fn try_init(&self, seed: u64, device: &Device) -> Result<Self::Network, InvalidField>;

    /// Returns the shape of one example, without the batch axis. For sequences, which may have any
    /// length, this is the shape of a typical one.
    fn example_shape(&self) -> Vec<usize>;

    /// Returns whether examples of this shape can be scored. By default, the number of elements
    /// must match.
    fn accepts(&self, example_shape: &[usize]) -> bool {
        example_shape.iter().product::<usize>() == self.example_shape().iter().product::<usize>()
    }

    /// Returns the number of outputs per example.
    fn outputs(&self) -> usize;

    /// Checks whether the network can be trained on batches of this size. By default, any size is
    /// accepted.
    ///
    /// # Errors
    ///
    /// [`SingleValue`] naming the first layer that normalises over the batch and would see one value per
    /// channel.
    fn check_batch(&self, examples: usize) -> Result<(), SingleValue> {
        let _ = examples;
        Ok(())
    }

    /// Returns the configuration resized for a task, or `None` if the architecture cannot handle
    /// its examples or outputs.
    fn fitted(&self, task: &TaskShape) -> Option<Self>;

    /// Returns the number of learned parameters, by formula.
    fn num_learned(&self) -> usize;

    /// Returns how many numbers the forward pass of one example keeps for the backward pass: roughly, and
    /// rather too few. What memory a batch takes is estimated from it. By default, only the outputs count.
    fn num_activations(&self) -> f64 {
        self.outputs() as f64
    }

    /// Returns a miniature of the configuration, with few units, layers, time steps and pixels, so
    /// that tests can check every single parameter.
    fn miniature(&self) -> Self;

    /// Returns rules that map the parameter names of an idiomatic PyTorch implementation to ours,
    /// as pairs of a regular expression and its replacement. Empty if the names are the same.
    fn pytorch_names(&self) -> Vec<(String, String)> {
        vec![]
    }
}

/// The shape of a task: its examples and the number of outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskShape {
    /// Shape of an example without the batch axis: `[features]`, `[time steps, features]` or
    /// `[channels, height, width]`.
    pub example_shape: Vec<usize>,
    /// Outputs per example or, if `is_every_step`, per time step.
    pub outputs: usize,
    /// Whether there is an output for every time step.
    pub is_every_step: bool,
}

impl TaskShape {
    /// Returns the shape of an example read as a sequence, `[time steps, features]`: a vector
    /// element by element, an image row by row.
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

    /// Returns the number of outputs per example, over all time steps.
    pub fn outputs_each(&self) -> usize {
        match self.sequence_shape() {
            Some([steps, _]) if self.is_every_step => steps * self.outputs,
            _ => self.outputs,
        }
    }
}

/// A network that scores examples.
pub trait Network: Module {
    /// Computes the outputs for flattened examples.
    ///
    /// # Shapes
    ///
    /// - examples: `[batch, elements]`, each row an example in row-major order
    /// - output: `[batch, outputs]`
    fn score(&self, examples: Tensor<2>, taps: &mut Taps) -> Tensor<2>;
}
