//! Linear recurrent networks as an architecture of the zoo.

use backdraft_hooks::Taps;
use backdraft_layers::{Architecture, InvalidField, Network, TaskShape};
use backdraft_spec::Readout;
use burn::tensor::{Device, Tensor};

use crate::config::{LinearRecurrentConfig, Unit};
use crate::network::LinearRecurrent;

impl Architecture for LinearRecurrentConfig {
    type Network = LinearRecurrent;

    const NAME: &'static str = "linear-recurrent";

    const ABOUT: &'static str = "Linear recurrent unit (Orvieto et al. 2023) or minGRU (Feng et al. 2024), computed by a \
         parallel scan over time, in layers x + W gelu(unit(LN(x))) + b with a linear embedding and head. \
         Differences: layer normalisation instead of batch normalisation and no gated linear unit in the \
         LRU's layers; no convolution and no feed-forward network in minGRU's";

    fn presets() -> Vec<(&'static str, Self)> {
        let of = |unit| Self { unit, ..Self::default() };
        vec![("lru", of(Unit::Lru)), ("min-gru", of(Unit::MinGru))]
    }

    fn validate(&self) -> Result<(), InvalidField> {
        self.validate()
    }

    fn try_init(&self, seed: u64, device: &Device) -> Result<LinearRecurrent, InvalidField> {
        self.try_init(seed, device)
    }

    fn example_shape(&self) -> Vec<usize> {
        vec![self.length, self.inputs]
    }

    /// Any number of time steps is accepted, but a readout at every step fixes it.
    fn accepts(&self, example_shape: &[usize]) -> bool {
        let elements: usize = example_shape.iter().product();
        match self.readout {
            Readout::Last => elements > 0 && elements.is_multiple_of(self.inputs),
            Readout::Every => elements == self.length * self.inputs,
        }
    }

    fn outputs(&self) -> usize {
        match self.readout {
            Readout::Last => self.outputs,
            Readout::Every => self.length * self.outputs,
        }
    }

    fn fitted(&self, task: &TaskShape) -> Option<Self> {
        let [length, inputs] = task.sequence_shape()?;
        let readout = if task.is_every_step { Readout::Every } else { Readout::Last };
        Some(Self { length, inputs, outputs: task.outputs, readout, ..self.clone() })
    }

    fn num_learned(&self) -> usize {
        self.num_learned()
    }

    fn miniature(&self) -> Self {
        let (width, state) = (self.width.min(4), self.state.min(3));
        let (layers, length) = (self.layers.min(2), self.length.min(7));
        Self { width, state, layers, length, ..self.clone() }
    }
}

impl Network for LinearRecurrent {
    fn score(&self, examples: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let [batch, elements] = examples.dims();
        let [inputs, _] = self.embedding.weight.dims();
        let outputs = self.forward(examples.reshape([batch, elements / inputs, inputs]), taps);
        let [_, steps, width] = outputs.dims();
        outputs.reshape([batch, steps * width])
    }
}
