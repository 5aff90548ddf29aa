//! An architecture: a network of small steps, h ← h + tanh(W h + b) / depth.
//!
//! `zoo` lists it, `zoo --check` checks what it promises, and `xray` and `training` take it by its name.

use backdraft::hooks::Taps;
use backdraft::layers::{
    Architecture, Initializer, InvalidField, LinearInit, Network, TaskShape, weight_rng,
};
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// Everything about a network but its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MyConfig {
    /// Elements of an example.
    pub(crate) inputs: usize,
    /// Outputs of the head.
    pub(crate) outputs: usize,
    /// Units of every step.
    pub(crate) width: usize,
    /// Number of steps.
    pub(crate) depth: usize,
}

impl Default for MyConfig {
    fn default() -> Self {
        Self { inputs: 2, outputs: 1, width: 32, depth: 20 }
    }
}

/// The network.
#[derive(Module, Debug)]
pub(crate) struct MyNetwork {
    /// From an example to the units.
    embedding: Linear,
    /// The steps, first to last.
    steps: Vec<Linear>,
    /// From the units to the outputs.
    head: Linear,
}

impl Architecture for MyConfig {
    type Network = MyNetwork;

    const NAME: &'static str = "my-net";

    const ABOUT: &'static str = "A network of small steps: h ← h + tanh(W h + b) / depth";

    fn presets() -> Vec<(&'static str, Self)> {
        vec![("my-net-100", Self { depth: 100, ..Self::default() })]
    }

    fn validate(&self) -> Result<(), InvalidField> {
        InvalidField::unless_sizes([
            ("inputs", self.inputs),
            ("outputs", self.outputs),
            ("width", self.width),
        ])?;
        InvalidField::unless_in(1..=1_000, "depth", self.depth)
    }

    fn try_init(&self, seed: u64, device: &Device) -> Result<MyNetwork, InvalidField> {
        self.validate()?;
        // Drawn on the host, so that a seed means the same network on every back end.
        let mut rng = weight_rng(seed);
        let init = LinearInit { weight: Initializer::XavierNormal, bias_variance: Some(0.0) };
        let (inputs, width) = (self.inputs, self.width);
        Ok(MyNetwork {
            embedding: init.init(inputs, width, &mut rng, device),
            steps: (0..self.depth).map(|_| init.init(width, width, &mut rng, device)).collect(),
            head: init.init(width, self.outputs, &mut rng, device),
        })
    }

    fn example_shape(&self) -> Vec<usize> {
        vec![self.inputs]
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    /// Takes any example as a vector, and answers once.
    fn fitted(&self, task: &TaskShape) -> Option<Self> {
        let (inputs, outputs) = (task.example_shape.iter().product(), task.outputs);
        (!task.is_every_step).then_some(Self { inputs, outputs, ..self.clone() })
    }

    fn num_learned(&self) -> usize {
        let width = self.width;
        (self.inputs + 1) * width + self.depth * (width + 1) * width + (width + 1) * self.outputs
    }

    fn num_activations(&self) -> f64 {
        (2 * self.depth * self.width) as f64
    }

    /// Small enough to check every single parameter.
    fn miniature(&self) -> Self {
        Self { width: self.width.min(4), depth: self.depth.min(3), ..self.clone() }
    }
}

impl Network for MyNetwork {
    fn score(&self, examples: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let depth = self.steps.len() as f64;
        let mut hidden = self.embedding.forward(examples); // [batch, width]
        for (index, step) in self.steps.iter().enumerate() {
            hidden = hidden.clone() + step.forward(hidden).tanh().div_scalar(depth);
            // A tap is where the gradient is looked at.
            hidden = taps.tap(format_args!("steps.{index}"), hidden);
        }
        self.head.forward(hidden)
    }
}
