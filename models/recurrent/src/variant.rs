//! Parameters of LSTM variants besides the projections.

use backdraft_spec::Cell;
use burn::module::{Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig};
use burn::tensor::{Device, Tensor};

/// The parameters of a variant.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "a network has a handful of layers")]
pub enum Variant {
    /// Parameters of [`Cell::PeepholeLstm`].
    Peepholes(Peepholes),
    /// Parameters of [`Cell::LayerNormLstm`].
    Norms(Norms),
}

/// Weights from the memory to the gates of the same unit; each `[hidden]`.
#[derive(Module, Debug)]
pub struct Peepholes {
    /// To the input gate, from the previous memory.
    pub input: Param<Tensor<1>>,
    /// To the forget gate, from the previous memory.
    pub forget: Param<Tensor<1>>,
    /// To the output gate, from the new memory.
    pub output: Param<Tensor<1>>,
}

/// The layer normalisations of a cell.
#[derive(Module, Debug)]
pub struct Norms {
    /// Of W x, all gates together: `[gates × hidden]`.
    pub input: LayerNorm,
    /// Of U h, all gates together: `[gates × hidden]`.
    pub hidden: LayerNorm,
    /// Of c where h is computed from it: `[hidden]`.
    pub memory: LayerNorm,
}

impl Variant {
    /// Creates the parameters that `cell` needs. `bias` becomes the shift of the input's
    /// normalisation.
    pub(crate) fn init(cell: Cell, hidden: usize, bias: &[f32], device: &Device) -> Option<Self> {
        match cell {
            Cell::PeepholeLstm => {
                let zeros = || Param::from_data(vec![0.0f32; hidden].as_slice(), device);
                let (input, forget, output) = (zeros(), zeros(), zeros());
                Some(Self::Peepholes(Peepholes { input, forget, output }))
            }
            Cell::LayerNormLstm => {
                let norm = |width: usize| LayerNormConfig::new(width).init(device);
                let mut input = norm(bias.len());
                input.beta = Some(Param::from_data(bias, device));
                Some(Self::Norms(Norms { input, hidden: norm(bias.len()), memory: norm(hidden) }))
            }
            _ => None,
        }
    }

    /// Returns the number of learned parameters in a layer, including the biases of the
    /// projections.
    pub(crate) fn num_learned(cell: Cell, hidden: usize) -> usize {
        let biases = 2 * cell.gates() * hidden;
        match cell {
            Cell::PeepholeLstm => biases + 3 * hidden,
            Cell::LayerNormLstm => 2 * biases + 2 * hidden,
            _ => biases,
        }
    }
}
