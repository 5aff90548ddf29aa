//! Long short-term memory.

use backdraft_layers::{Activation, Initializer, InvalidField};
use backdraft_spec::Cell;
use burn::config::Config;
use burn::module::Module;
use burn::nn::LstmState;
use burn::tensor::Device;

use super::forward_passes;
use super::settings::Settings;
use super::stack::Stack;
use crate::config::RecurrentConfig;
use crate::equations::Equations;

/// Describes an [`Lstm`].
///
/// Clipping and activations other than the default are computed step by step, as are the variants.
#[derive(Config, Debug, PartialEq)]
pub struct LstmConfig {
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
    /// Bound of the cell state after each step, if any.
    pub clip: Option<f64>,
    /// Of the input weights.
    #[config(default = "Initializer::XavierUniform")]
    pub initializer: Initializer,
    /// Of the recurrent weights, for each gate separately.
    #[config(default = "Initializer::Orthogonal(1.0)")]
    pub recurrent_initializer: Initializer,
    /// Initial bias of the forget gate (Jozefowicz et al. 2015); Burn's own starts at random.
    #[config(default = 1.0)]
    pub forget_bias: f64,
    /// If not 0, biases are initialised for memories of up to this many steps (Tallec & Ollivier 2018).
    #[config(default = 0)]
    pub chrono_length: usize,
    /// The LSTM or one of its variants: coupled gates, peepholes or layer normalisation.
    #[config(default = "Cell::Lstm")]
    pub cell: Cell,
    /// Of the gates.
    #[config(default = "Activation::Sigmoid")]
    pub gate_activation: Activation,
    /// Of the candidate for the cell state; `cell_activation` in Burn.
    #[config(default = "Activation::Tanh")]
    pub activation: Activation,
    /// Of the cell state where h is computed from it; `hidden_activation` in Burn.
    #[config(default = "Activation::Tanh")]
    pub output_activation: Activation,
    /// Seed of the weights, which are the same on every back end.
    #[config(default = 0)]
    pub seed: u64,
}

/// Layers of long short-term memory (Hochreiter & Schmidhuber 1997), created by [`LstmConfig`] or from
/// Burn's `Lstm` or `BiLstm`.
///
/// ```
/// use backdraft_recurrent::LstmConfig;
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::flex();
/// let lstm = LstmConfig::new(8, 32).with_layers(2).with_bidirectional(true).init(&device);
/// let (outputs, state) = lstm.forward(Tensor::zeros([4, 50, 8], &device), None);
/// assert_eq!(outputs.dims(), [4, 50, 64]); // batch, time, both directions
/// assert_eq!(state.cell.dims(), [4, 4, 32]); // layers × directions, batch, hidden
/// ```
#[derive(Module, Debug)]
pub struct Lstm {
    /// The layers.
    pub stack: Stack,
}

forward_passes!(Lstm, LstmState<3>);

impl LstmConfig {
    /// Creates the layers on `device`.
    ///
    /// # Panics
    ///
    /// Panics where [`try_init`](Self::try_init) returns an error.
    #[expect(clippy::panic, reason = "`try_init` is the twin that returns the error")]
    pub fn init(&self, device: &Device) -> Lstm {
        self.try_init(device).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Creates the layers on `device`.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] naming the first field that is out of range.
    pub fn try_init(&self, device: &Device) -> Result<Lstm, InvalidField> {
        if !self.cell.has_memory() {
            let requirement = "it must be the LSTM or a variant of it";
            return Err(InvalidField::new("cell", format!("{:?}", self.cell), requirement));
        }
        let network = RecurrentConfig {
            inputs: self.inputs,
            hidden: self.hidden,
            layers: self.layers,
            bidirectional: self.bidirectional,
            initializer: self.initializer,
            recurrent_initializer: self.recurrent_initializer,
            forget_bias: self.forget_bias,
            chrono_length: self.chrono_length,
            cell: self.cell,
            ..RecurrentConfig::default()
        };
        let equations = Equations {
            gate: self.gate_activation,
            candidate: self.activation,
            output: self.output_activation,
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
        settings.try_init(device).map(|stack| Lstm { stack })
    }
}
