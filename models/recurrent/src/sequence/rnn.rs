//! Plain recurrent layers.

use backdraft_layers::{Activation, Initializer, InvalidField};
use backdraft_spec::Cell;
use burn::config::Config;
use burn::module::Module;

use burn::tensor::{Device, Tensor};

use super::forward_passes;
use super::settings::Settings;
use super::stack::Stack;
use crate::config::RecurrentConfig;
use crate::equations::Equations;

/// Describes an [`Rnn`].
///
/// Clipping and activations other than tanh and ReLU are computed step by step.
#[derive(Config, Debug, PartialEq)]
pub struct RnnConfig {
    /// Features of a time step.
    pub inputs: usize,
    /// Units of each layer and direction.
    pub hidden: usize,
    /// Stacked layers, 1 to 1,000.
    #[config(default = 1)]
    pub layers: usize,
    /// Whether a second layer at each level reads from the end; its states follow the others' in the output.
    #[config(default = false)]
    pub bidirectional: bool,
    /// Whether the layers read from the end; not with `bidirectional`.
    #[config(default = false)]
    pub reverse: bool,
    /// Whether batches come first: `[batch, time, inputs]` instead of `[time, batch, inputs]`.
    #[config(default = true)]
    pub batch_first: bool,
    /// Whether there are biases: b with the input and b' with the state.
    #[config(default = true)]
    pub bias: bool,
    /// Probability of dropping a value between layers in training, from 0 to below 1. Burn draws the masks;
    /// `device.seed` repeats them.
    #[config(default = 0.0)]
    pub dropout: f64,
    /// Bound of the state after each step, if any.
    pub clip: Option<f64>,
    /// Of the input weights.
    #[config(default = "Initializer::XavierUniform")]
    pub initializer: Initializer,
    /// Of the recurrent weights, for each gate separately.
    #[config(default = "Initializer::Orthogonal(1.0)")]
    pub recurrent_initializer: Initializer,
    /// Of the state.
    #[config(default = "Activation::Tanh")]
    pub activation: Activation,
    /// Seed of the weights, which are the same on every back end.
    #[config(default = 0)]
    pub seed: u64,
}

/// Plain recurrent layers (Elman 1990), created by [`RnnConfig`] or from Burn's `Rnn` or `BiRnn`.
///
/// ```
/// use backdraft_recurrent::RnnConfig;
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::flex();
/// let rnn = RnnConfig::new(8, 32).init(&device);
/// let lengths = [50, 7, 20, 1];
/// let (outputs, state) = rnn.forward_lengths(Tensor::ones([4, 50, 8], &device), &lengths, None);
/// assert_eq!((outputs.dims(), state.dims()), ([4, 50, 32], [1, 4, 32]));
/// ```
#[derive(Module, Debug)]
pub struct Rnn {
    /// The layers.
    pub stack: Stack,
}

forward_passes!(Rnn, Tensor<3>);

impl RnnConfig {
    /// Creates the layers on `device`.
    ///
    /// # Panics
    ///
    /// Panics where [`try_init`](Self::try_init) returns an error.
    #[expect(clippy::panic, reason = "`try_init` is the twin that returns the error")]
    pub fn init(&self, device: &Device) -> Rnn {
        self.try_init(device).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Creates the layers on `device`.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] naming the first field that is out of range.
    pub fn try_init(&self, device: &Device) -> Result<Rnn, InvalidField> {
        let (cell, candidate) = match self.activation {
            Activation::Relu => (Cell::ReluRnn, Equations::default().candidate),
            activation => (Cell::Rnn, activation),
        };
        let network = RecurrentConfig {
            inputs: self.inputs,
            hidden: self.hidden,
            layers: self.layers,
            bidirectional: self.bidirectional,
            initializer: self.initializer,
            recurrent_initializer: self.recurrent_initializer,

            cell,
            ..RecurrentConfig::default()
        };
        let equations = Equations { candidate, clip: self.clip, ..Equations::default() };
        let settings = Settings {
            network,
            equations,
            has_bias: self.bias,
            dropout: self.dropout,
            is_batch_first: self.batch_first,
            is_reversed: self.reverse,
            seed: self.seed,
        };
        settings.try_init(device).map(|stack| Rnn { stack })
    }
}
