//! Layers with the weights of Burn's own.

use backdraft_layers::Activation;
use backdraft_spec::Cell;
use burn::module::Param;
use burn::nn::activation::Activation as BurnActivation;
use burn::nn::{self, GateController, Linear};
use burn::tensor::Tensor;

use super::stack::Stack;
use super::{Gru, Lstm, Rnn};
use crate::equations::Equations;
use crate::layer::RecurrentLayer;

/// A layer of Burn's that has no counterpart here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the layer's {part} is {value}, which has no counterpart here: {requirement}")]
#[non_exhaustive]
pub struct UnsupportedLayer {
    /// What has no counterpart.
    pub part: &'static str,
    /// Its value in Burn.
    pub value: String,
    /// What there are counterparts for.
    pub requirement: &'static str,
}

impl TryFrom<nn::Lstm> for Lstm {
    type Error = UnsupportedLayer;

    /// Takes over the weights and settings of Burn's layer.
    fn try_from(lstm: nn::Lstm) -> Result<Self, UnsupportedLayer> {
        let (is_batch_first, is_reversed) = (lstm.batch_first, lstm.reverse);
        let stack = one_direction(lstm_layer(lstm)?, is_batch_first, is_reversed);
        Ok(Self { stack })
    }
}

impl TryFrom<nn::BiLstm> for Lstm {
    type Error = UnsupportedLayer;

    /// Takes over the weights and settings of Burn's layer.
    fn try_from(lstm: nn::BiLstm) -> Result<Self, UnsupportedLayer> {
        let (forward, reverse) = (lstm_layer(lstm.forward)?, lstm_layer(lstm.reverse)?);
        Ok(Self { stack: both_directions(forward, reverse, lstm.batch_first) })
    }
}

impl TryFrom<nn::gru::Gru> for Gru {
    type Error = UnsupportedLayer;

    /// Takes over the weights and settings of Burn's layer.
    fn try_from(gru: nn::gru::Gru) -> Result<Self, UnsupportedLayer> {
        Ok(Self { stack: one_direction(gru_layer(gru)?, true, false) })
    }
}

impl TryFrom<nn::gru::BiGru> for Gru {
    type Error = UnsupportedLayer;

    /// Takes over the weights and settings of Burn's layer.
    fn try_from(gru: nn::gru::BiGru) -> Result<Self, UnsupportedLayer> {
        let (forward, reverse) = (gru_layer(gru.forward)?, gru_layer(gru.reverse)?);
        Ok(Self { stack: both_directions(forward, reverse, gru.batch_first) })
    }
}

impl TryFrom<nn::Rnn> for Rnn {
    type Error = UnsupportedLayer;

    /// Takes over the weights and settings of Burn's layer.
    fn try_from(rnn: nn::Rnn) -> Result<Self, UnsupportedLayer> {
        let (is_batch_first, is_reversed) = (rnn.batch_first, rnn.reverse);
        Ok(Self { stack: one_direction(rnn_layer(rnn)?, is_batch_first, is_reversed) })
    }
}

impl TryFrom<nn::BiRnn> for Rnn {
    type Error = UnsupportedLayer;

    /// Takes over the weights and settings of Burn's layer.
    fn try_from(rnn: nn::BiRnn) -> Result<Self, UnsupportedLayer> {
        let (forward, reverse) = (rnn_layer(rnn.forward)?, rnn_layer(rnn.reverse)?);
        Ok(Self { stack: both_directions(forward, reverse, rnn.batch_first) })
    }
}

fn one_direction(layer: RecurrentLayer, is_batch_first: bool, is_reversed: bool) -> Stack {
    Stack { layers: vec![layer], reverse: vec![], dropout: None, is_batch_first, is_reversed }
}

fn both_directions(
    forward: RecurrentLayer,
    reverse: RecurrentLayer,
    is_batch_first: bool,
) -> Stack {
    let (layers, reverse) = (vec![forward], vec![reverse]);
    Stack { layers, reverse, dropout: None, is_batch_first, is_reversed: false }
}

fn lstm_layer(lstm: nn::Lstm) -> Result<RecurrentLayer, UnsupportedLayer> {
    let equations = Equations {
        gate: activation("gate activation", &lstm.gate_activation)?,
        candidate: activation("cell activation", &lstm.cell_activation)?,
        output: activation("hidden activation", &lstm.hidden_activation)?,
        clip: lstm.clip,
        ..Equations::default()
    };
    let (input, cell, output) = (lstm.input_gate, lstm.cell_gate, lstm.output_gate);
    let Some(forget) = lstm.forget_gate else {
        // Burn's forget gate is 1 − i, and here i is 1 − f: the same where a(−x) = 1 − a(x).
        if !matches!(equations.gate, Activation::Sigmoid | Activation::HardSigmoid) {
            return Err(UnsupportedLayer {
                part: "gate activation with `input_forget`",
                value: equations.gate.name().to_owned(),
                requirement: "coupled gates are sigmoid or hard sigmoid",
            });
        }
        let gates = [negated(input), cell, output];
        return Ok(layer(Cell::CoupledLstm, equations, &gates));
    };
    Ok(layer(Cell::Lstm, equations, &[input, forget, cell, output]))
}

fn gru_layer(gru: nn::gru::Gru) -> Result<RecurrentLayer, UnsupportedLayer> {
    let equations = Equations {
        gate: activation("gate activation", &gru.gate_activation)?,
        candidate: activation("hidden activation", &gru.hidden_activation)?,
        clip: gru.clip,
        is_reset_after: gru.reset_after,
        ..Equations::default()
    };
    Ok(layer(Cell::Gru, equations, &[gru.reset_gate, gru.update_gate, gru.new_gate]))
}

fn rnn_layer(rnn: nn::Rnn) -> Result<RecurrentLayer, UnsupportedLayer> {
    let (cell, candidate) = match activation("hidden activation", &rnn.hidden_activation)? {
        Activation::Relu => (Cell::ReluRnn, Equations::default().candidate),
        activation => (Cell::Rnn, activation),
    };
    let equations = Equations { candidate, clip: rnn.clip, ..Equations::default() };
    Ok(layer(cell, equations, &[rnn.gate]))
}

/// Joins gates, each with its own weights, to one layer.
fn layer(cell: Cell, equations: Equations, gates: &[GateController]) -> RecurrentLayer {
    let join = |which: fn(&GateController) -> &Linear| {
        let parts = || gates.iter().map(which);
        let weight = parts().map(|linear| linear.weight.val()).collect();
        let biases: Option<Vec<_>> =
            parts().map(|linear| Some(linear.bias.as_ref()?.val())).collect();
        let is_learned = parts().any(|linear| linear.weight.is_require_grad());
        Linear {
            weight: parameter(Tensor::cat(weight, 1), is_learned),
            bias: biases.map(|biases| parameter(Tensor::cat(biases, 0), is_learned)),
        }
    };
    let (input, hidden) = (join(|gate| &gate.input_transform), join(|gate| &gate.hidden_transform));
    RecurrentLayer { input, hidden, variant: None, cell, equations }
}

fn parameter<const D: usize>(values: Tensor<D>, is_learned: bool) -> Param<Tensor<D>> {
    Param::from_tensor(values.detach()).set_require_grad(is_learned)
}

fn negated(gate: GateController) -> GateController {
    let negate = |linear: Linear| Linear {
        weight: parameter(linear.weight.val().neg(), linear.weight.is_require_grad()),
        bias: linear.bias.map(|bias| parameter(bias.val().neg(), bias.is_require_grad())),
    };
    GateController {
        input_transform: negate(gate.input_transform),
        hidden_transform: negate(gate.hidden_transform),
    }
}

/// Returns our activation for one of Burn's, if the parameters are the same.
fn activation(part: &'static str, theirs: &BurnActivation) -> Result<Activation, UnsupportedLayer> {
    let ours = match theirs {
        BurnActivation::Identity(_) => Activation::Identity,
        BurnActivation::Sigmoid(_) => Activation::Sigmoid,
        BurnActivation::Tanh(_) => Activation::Tanh,
        BurnActivation::Relu(_) => Activation::Relu,
        BurnActivation::Selu(_) => Activation::Selu,
        BurnActivation::HardSwish(_) => Activation::HardSwish,
        BurnActivation::Softsign(_) => Activation::Softsign,
        BurnActivation::LeakyRelu(leaky) if leaky.negative_slope == 0.01 => Activation::LeakyRelu,
        BurnActivation::HardSigmoid(hard) if (hard.alpha, hard.beta) == (0.2, 0.5) => {
            Activation::HardSigmoid
        }
        BurnActivation::Softplus(softplus) if softplus.beta == 1.0 => Activation::Softplus,
        BurnActivation::Elu(elu) if elu.alpha == 1.0 => Activation::Elu,
        other => {
            return Err(UnsupportedLayer {
                part,
                value: format!("{other:?}").split_whitespace().collect::<Vec<_>>().join(" "),
                requirement: "it must be one of `Activation`, with its parameters",
            });
        }
    };
    Ok(ours)
}
