//! The network.

use backdraft_hooks::Taps;
use backdraft_spec::Readout;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::layer::LinearRecurrentLayer;

/// Layers of linear recurrent units with a linear embedding and head, created by
/// [`LinearRecurrentConfig`](crate::LinearRecurrentConfig).
#[derive(Module, Debug)]
pub struct LinearRecurrent {
    /// From features to the width.
    pub embedding: Linear,
    /// The layers, first to last.
    pub layers: Vec<LinearRecurrentLayer>,
    /// The output layer, without activation.
    pub head: Linear,
    #[module(skip)]
    pub(crate) readout: Readout,
}

impl LinearRecurrent {
    /// Computes the outputs of the head at the time steps that it reads.
    ///
    /// Taps see the states of layer l at time step t as `layers.l@t`.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, time, inputs]`, at least one time step
    /// - output: `[batch, 1, outputs]` or `[batch, time, outputs]`
    pub fn forward(&self, input: Tensor<3>, taps: &mut Taps) -> Tensor<3> {
        let mut x = self.embedding.forward(input.swap_dims(0, 1)); // [time, batch, width]
        for (index, layer) in self.layers.iter().enumerate() {
            x = layer.forward(x, &format!("layers.{index}"), taps);
        }
        if self.readout == Readout::Last {
            let last = x.dims()[0] - 1;
            x = x.narrow(0, last, 1);
        }
        self.head.forward(x).swap_dims(0, 1)
    }
}
