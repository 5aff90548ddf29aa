//! The recurrent network.

use backdraft_hooks::Taps;
use backdraft_spec::Readout;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::layer::{Path, RecurrentLayer};

/// Recurrent layers with a linear head, created by [`RecurrentConfig`](crate::RecurrentConfig).
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
    /// The layers that read from the end: one for each layer above, or none.
    pub reverse: Vec<RecurrentLayer>,
    /// The output layer, without activation.
    pub head: Linear,
    #[module(skip)]
    pub(crate) readout: Readout,
}

impl Recurrent {
    /// Computes the outputs of the head at the time steps that it reads.
    ///
    /// Taps see the states of layer l at time step t as `layers.l@t`, and an LSTM's cell states as
    /// `layers.l.cell@t`; those of a reverse layer as `reverse.l@t`, where t counts from the end,
    /// the order of computation.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, time, inputs]`, at least one time step
    /// - output: `[batch, 1, outputs]` or `[batch, time, outputs]`
    pub fn forward(&self, input: Tensor<3>, path: Path, taps: &mut Taps) -> Tensor<3> {
        let mut states = input.swap_dims(0, 1); // [time, batch, inputs]
        let last = self.layers.len() - 1;
        for (index, layer) in self.layers.iter().enumerate() {
            let below = states;
            states = layer.forward(below.clone(), &format!("layers.{index}"), path, taps);
            let reverse = self.reverse.get(index).map(|layer| {
                layer.forward(below.flip([0]), &format!("reverse.{index}"), path, taps)
            });
            if index == last && self.readout == Readout::Last {
                let last = |states: Tensor<3>| states.clone().narrow(0, states.dims()[0] - 1, 1);
                states = join(last(states), reverse.map(last));
            } else {
                states = join(states, reverse.map(|states| states.flip([0])));
            }
        }
        let [steps, batch, width] = states.dims();
        let outputs = self.head.forward(states.reshape([steps * batch, width]));
        let [_, width] = outputs.dims();
        outputs.reshape([steps, batch, width]).swap_dims(0, 1)
    }
}

/// Concatenates the states of both directions.
fn join(states: Tensor<3>, reverse: Option<Tensor<3>>) -> Tensor<3> {
    match reverse {
        Some(reverse) => Tensor::cat(vec![states, reverse], 2),
        None => states,
    }
}
