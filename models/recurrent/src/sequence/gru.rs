//! Gated recurrent units.

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

/// Describes a [`Gru`].
///
/// Clipping, `reset_after = false` and activations other than the default are computed step by step.
#[derive(Config, Debug, PartialEq)]
pub struct GruConfig {
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
    /// If not 0, biases are initialised for memories of up to this many steps (Tallec & Ollivier 2018).
    #[config(default = 0)]
    pub chrono_length: usize,
    /// Whether the reset gate multiplies U h + b', as in PyTorch, instead of h, as in the final version of
    /// the paper.
    #[config(default = true)]
    pub reset_after: bool,
    /// Of the gates.
    #[config(default = "Activation::Sigmoid")]
    pub gate_activation: Activation,
    /// Of the candidate for the state; `hidden_activation` in Burn.
    #[config(default = "Activation::Tanh")]
    pub activation: Activation,
    /// Seed of the weights, which are the same on every back end.
    #[config(default = 0)]
    pub seed: u64,
}

/// Layers of gated recurrent units (Cho et al. 2014), created by [`GruConfig`] or from Burn's `Gru` or
/// `BiGru`.
///
/// ```
/// use backdraft_recurrent::GruConfig;
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::flex();
/// let gru = GruConfig::new(8, 32).with_batch_first(false).init(&device);
/// let (outputs, state) = gru.forward(Tensor::zeros([50, 4, 8], &device), None);
/// assert_eq!((outputs.dims(), state.dims()), ([50, 4, 32], [1, 4, 32]));
/// ```
#[derive(Module, Debug)]
pub struct Gru {
    /// The layers.
    pub stack: Stack,
}

forward_passes!(Gru, Tensor<3>);

impl GruConfig {
    /// Creates the layers on `device`.
    ///
    /// # Panics
    ///
    /// Panics where [`try_init`](Self::try_init) returns an error.
    #[expect(clippy::panic, reason = "`try_init` is the twin that returns the error")]
    pub fn init(&self, device: &Device) -> Gru {
        self.try_init(device).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Creates the layers on `device`.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] naming the first field that is out of range.
    pub fn try_init(&self, device: &Device) -> Result<Gru, InvalidField> {
        let network = RecurrentConfig {
            inputs: self.inputs,
            hidden: self.hidden,
            layers: self.layers,
            bidirectional: self.bidirectional,
            initializer: self.initializer,
            recurrent_initializer: self.recurrent_initializer,
            chrono_length: self.chrono_length,
            cell: Cell::Gru,
            ..RecurrentConfig::default()
        };
        let equations = Equations {
            gate: self.gate_activation,
            candidate: self.activation,
            is_reset_after: self.reset_after,
            clip: self.clip,
            ..Equations::default()
        };
        let settings = Settings {
            network,
            equations,
            has_bias: self.bias,
            dropout: self.dropout,
            is_batch_first: self.batch_first,
            is_reversed: self.reverse,
            seed: self.seed,
        };
        settings.try_init(device).map(|stack| Gru { stack })
    }
}
