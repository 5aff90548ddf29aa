//! Departures from the equations of a cell.

use backdraft_layers::ActivationExt;
use backdraft_spec::Activation;
use burn::tensor::Tensor;

/// The functions in the equations of a cell. Every departure from the default takes the plain path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Equations {
    /// Of the gates; σ by default.
    pub(crate) gate: Activation,
    /// Of the candidate for the new content, and of an RNN's state; tanh by default.
    pub(crate) candidate: Activation,
    /// Of an LSTM's memory where h is computed from it; tanh by default.
    pub(crate) output: Activation,
    /// Bound of ±c, or of ±h for cells without memory.
    pub(crate) clip: Option<f64>,
    /// Whether a GRU's reset gate multiplies U h + b' instead of h.
    pub(crate) is_reset_after: bool,
}

impl Default for Equations {
    fn default() -> Self {
        Self {
            gate: Activation::Sigmoid,
            candidate: Activation::Tanh,
            output: Activation::Tanh,
            clip: None,
            is_reset_after: true,
        }
    }
}

impl Equations {
    /// Applies the activation of a gate.
    pub(crate) fn gate(&self, gate: Tensor<2>) -> Tensor<2> {
        self.gate.apply(gate)
    }

    /// Applies the activation of the candidate.
    pub(crate) fn candidate(&self, candidate: Tensor<2>) -> Tensor<2> {
        self.candidate.apply(candidate)
    }

    /// Clips what a cell keeps: c or, for cells without memory, h.
    pub(crate) fn clip(&self, kept: Tensor<2>) -> Tensor<2> {
        match self.clip {
            Some(bound) => kept.clamp(-bound, bound),
            None => kept,
        }
    }
}
