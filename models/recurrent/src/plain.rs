//! The recurrence step by step in Burn's own operations: right on every back end, and what the
//! kernel is tested against.

use backdraft_hooks::Taps;
use burn::tensor::Tensor;
use burn::tensor::activation::{relu, sigmoid, tanh};

use crate::cell::Cell;

/// Runs one layer over time, from a state of zeros.
///
/// Taps see each state as `name@t`, and an LSTM's cell state as `name.cell@t`.
///
/// # Shapes
///
/// - projected: `[time, batch, gates × hidden]`, W x + b
/// - weight: `[hidden, gates × hidden]`, U
/// - bias: `[gates × hidden]`, b'
/// - output: `[time, batch, hidden]`
pub(crate) fn run(
    cell: Cell,
    projected: Tensor<3>,
    weight: &Tensor<2>,
    bias: &Tensor<1>,
    name: &str,
    taps: &mut Taps,
) -> Tensor<3> {
    let [time, batch, _] = projected.dims();
    let [hidden, _] = weight.dims();
    let mut state = Tensor::<2>::zeros([batch, hidden], (&projected.device(), projected.dtype()));
    let mut memory = state.clone();
    let bias = bias.clone().unsqueeze::<2>(); // [1, gates × hidden]
    let cell_name = format!("{name}.cell");
    let mut states = Vec::with_capacity(time);
    // Chunks share one node; slicing step by step would make the backward pass quadratic.
    for (t, x) in projected.split(1, 0).into_iter().enumerate() {
        let x = x.squeeze_dim::<2>(0); // [batch, gates × hidden]
        let u = state.clone().matmul(weight.clone()) + bias.clone();
        match cell {
            Cell::Rnn => state = tanh(x + u),
            Cell::ReluRnn => state = relu(x + u),
            Cell::Lstm => {
                let [i, f, g, o] = gates(x + u);
                memory = sigmoid(f) * memory + sigmoid(i) * tanh(g);
                memory = taps.tap_step(&cell_name, t, memory);
                state = sigmoid(o) * tanh(memory.clone());
            }
            Cell::Gru => {
                let ([xr, xz, xn], [ur, uz, un]) = (gates(x), gates(u));
                let (r, z) = (sigmoid(xr + ur), sigmoid(xz + uz));
                let n = tanh(xn + r * un);
                state = n.clone() + z * (state - n);
            }
        }
        state = taps.tap_step(name, t, state);
        states.push(state.clone());
    }
    Tensor::stack(states, 0)
}

/// Cuts `[batch, N × hidden]` into N gates.
fn gates<const N: usize>(all: Tensor<2>) -> [Tensor<2>; N] {
    let hidden = all.dims()[1] / N;
    std::array::from_fn(|gate| all.clone().narrow(1, gate * hidden, hidden))
}
