//! The recurrent network.

use backdraft_hooks::Taps;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::cell::Readout;
use crate::layer::{Path, RecurrentLayer};

/// Recurrent layers with a linear head; created by [`RecurrentConfig`](crate::RecurrentConfig).
///
/// ```
/// use backdraft_hooks::Taps;
/// use backdraft_recurrent::{Path, RecurrentConfig};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::flex();
/// let network = RecurrentConfig::default().try_init(42, &device).unwrap();
/// let inputs = Tensor::zeros([8, 50, 2], &device); // batch, time, features
/// let outputs = network.forward(inputs, Path::Fastest, &mut Taps::off());
/// assert_eq!(outputs.dims(), [8, 1, 1]); // batch, steps read, outputs
/// ```
#[derive(Module, Debug)]
pub struct Recurrent {
    /// The layers, first to last.
    pub layers: Vec<RecurrentLayer>,
    /// The output layer, without activation.
    pub head: Linear,
    #[module(skip)]
    pub(crate) readout: Readout,
}

impl Recurrent {
    /// Computes the head's outputs at the time steps that are read.
    ///
    /// Taps see the states of layer l at time step t as `layers.l@t`, and an LSTM's cell states as
    /// `layers.l.cell@t`.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, time, inputs]`, at least one time step
    /// - output: `[batch, 1, outputs]` or `[batch, time, outputs]`
    pub fn forward(&self, input: Tensor<3>, path: Path, taps: &mut Taps) -> Tensor<3> {
        let mut states = input.swap_dims(0, 1); // [time, batch, inputs]
        for (index, layer) in self.layers.iter().enumerate() {
            states = layer.forward(states, &format!("layers.{index}"), path, taps);
        }
        let [time, batch, hidden] = states.dims();
        let read = match self.readout {
            Readout::Last => states.narrow(0, time - 1, 1),
            Readout::Every => states,
        };
        let [steps, ..] = read.dims();
        let outputs = self.head.forward(read.reshape([steps * batch, hidden]));
        let [_, width] = outputs.dims();
        outputs.reshape([steps, batch, width]).swap_dims(0, 1)
    }
}
