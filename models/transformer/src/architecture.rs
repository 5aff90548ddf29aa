//! Transformer encoders as an architecture of the zoo.

use backdraft_hooks::Taps;
use backdraft_layers::{Architecture, InvalidField, Network, TaskShape};
use burn::tensor::{Device, Tensor};

use crate::config::{NormOrder, TransformerConfig};
use crate::transformer::Transformer;

impl Architecture for TransformerConfig {
    type Network = Transformer;

    const NAME: &'static str = "transformer";

    const ABOUT: &'static str = "Transformer encoder (Vaswani et al. 2017) with layer normalisation after each sublayer, or \
         before it (Xiong et al. 2020); learned positions, ReLU, mean over positions. Differences: no \
         dropout, no bias for the keys";

    fn presets() -> Vec<(&'static str, Self)> {
        vec![
            ("transformer-pre-norm", Self::default()),
            ("transformer-post-norm", Self { norm: NormOrder::Post, ..Self::default() }),
        ]
    }

    fn validate(&self) -> Result<(), InvalidField> {
        self.validate()
    }

    fn try_init(&self, seed: u64, device: &Device) -> Result<Transformer, InvalidField> {
        self.try_init(seed, device)
    }

    fn example_shape(&self) -> Vec<usize> {
        vec![self.length, self.inputs]
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    /// Answers once for an example, because its head reads the mean over the positions.
    fn fitted(&self, task: &TaskShape) -> Option<Self> {
        let [length, inputs] = task.sequence_shape()?;
        let outputs = task.outputs;
        (!task.is_every_step).then(|| Self { length, inputs, outputs, ..self.clone() })
    }

    fn num_learned(&self) -> usize {
        self.num_learned()
    }

    fn num_activations(&self) -> f64 {
        // Scores and weights; what lies between residual connections; before and after the activation.
        let attention = 2.0 * self.heads as f64 * self.length as f64;
        let of_position = (8 * self.width + 2 * self.feedforward) as f64;
        self.layers as f64 * self.length as f64 * (attention + of_position) + self.outputs as f64
    }

    fn miniature(&self) -> Self {
        let (inputs, outputs, length) =
            (self.inputs.min(3), self.outputs.min(3), self.length.min(4));
        let (width, heads, feedforward) = (8, 2, self.feedforward.min(10));
        let layers = self.layers.min(2);
        Self { inputs, outputs, length, width, heads, feedforward, layers, ..self.clone() }
    }
}

impl Network for Transformer {
    fn score(&self, examples: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let [batch, elements] = examples.dims();
        let [inputs, _] = self.embedding.weight.dims();
        self.forward(examples.reshape([batch, elements / inputs, inputs]), taps)
    }
}
