//! The recurrence step by step in Burn's operations. It runs on every back end and is the reference
//! for the kernel.

use backdraft_hooks::Taps;
use backdraft_layers::sigmoid;
use backdraft_spec::Cell;
use burn::tensor::Tensor;
use burn::tensor::activation::{relu, tanh};

use crate::layer::RecurrentLayer;
use crate::variant::Variant;

/// Runs one layer over time, starting from zeros.
///
/// Taps see each state as `name@t`, and an LSTM's cell state as `name.cell@t`.
///
/// # Shapes
///
/// - projected: `[time, batch, gates × hidden]`, W x + b
/// - output: `[time, batch, hidden]`
pub(crate) fn run(
    layer: &RecurrentLayer,
    projected: Tensor<3>,
    name: &str,
    taps: &mut Taps,
) -> Tensor<3> {
    let [time, batch, _] = projected.dims();
    let [hidden, _] = layer.hidden.weight.dims();
    let mut state = Tensor::<2>::zeros([batch, hidden], (&projected.device(), projected.dtype()));
    let mut memory = state.clone();
    let projected = match &layer.variant {
        Some(Variant::Norms(norms)) => norms.input.forward(projected),
        _ => projected,
    };
    let cell_name = format!("{name}.cell");
    let mut states = Vec::with_capacity(time);
    // The chunks share one node. Slicing step by step would make the backward pass quadratic.
    for (t, x) in projected.split(1, 0).into_iter().enumerate() {
        let x = x.squeeze_dim::<2>(0); // [batch, gates × hidden]
        let u = layer.hidden.forward(state.clone());
        match layer.cell {
            Cell::Rnn => state = tanh(x + u),
            Cell::ReluRnn => state = relu(x + u),
            Cell::Gru => {
                let ([xr, xz, xn], [ur, uz, un]) = (gates(x), gates(u));
                let (r, z) = (sigmoid(xr + ur), sigmoid(xz + uz));
                let n = tanh(xn + r * un);
                state = n.clone() + z * (state - n);
            }
            Cell::Lstm | Cell::CoupledLstm | Cell::PeepholeLstm | Cell::LayerNormLstm => {
                let next = remember(layer, x, u, memory);
                memory = taps.tap_step(&cell_name, t, next.memory);
                state = show(layer, next.output, &memory);
            }
        }
        state = taps.tap_step(name, t, state);
        states.push(state.clone());
    }
    Tensor::stack(states, 0)
}

/// An LSTM's new memory, and the pre-activation of its output gate.
struct Remembered {
    memory: Tensor<2>,
    output: Tensor<2>,
}

fn remember(layer: &RecurrentLayer, x: Tensor<2>, u: Tensor<2>, memory: Tensor<2>) -> Remembered {
    if layer.cell == Cell::CoupledLstm {
        let [f, g, output] = gates(x + u);
        let g = tanh(g);
        return Remembered { memory: g.clone() + sigmoid(f) * (memory - g), output };
    }
    let (u, peepholes) = match &layer.variant {
        Some(Variant::Norms(norms)) => (norms.hidden.forward(u), None),
        Some(Variant::Peepholes(peepholes)) => (u, Some(peepholes)),
        None => (u, None),
    };
    let [mut i, mut f, g, output] = gates(x + u);
    if let Some(peepholes) = peepholes {
        i = i + memory.clone() * peepholes.input.val().unsqueeze();
        f = f + memory.clone() * peepholes.forget.val().unsqueeze();
    }
    Remembered { memory: sigmoid(f) * memory + sigmoid(i) * tanh(g), output }
}

/// Computes the state of an LSTM from its memory.
fn show(layer: &RecurrentLayer, output: Tensor<2>, memory: &Tensor<2>) -> Tensor<2> {
    match &layer.variant {
        Some(Variant::Norms(norms)) => sigmoid(output) * tanh(norms.memory.forward(memory.clone())),
        Some(Variant::Peepholes(peepholes)) => {
            let output = output + memory.clone() * peepholes.output.val().unsqueeze();
            sigmoid(output) * tanh(memory.clone())
        }
        None => sigmoid(output) * tanh(memory.clone()),
    }
}

/// Splits `[batch, N × hidden]` into N gates.
fn gates<const N: usize>(all: Tensor<2>) -> [Tensor<2>; N] {
    let hidden = all.dims()[1] / N;
    std::array::from_fn(|gate| all.clone().narrow(1, gate * hidden, hidden))
}
