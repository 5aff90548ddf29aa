//! The recurrence step by step in Burn's operations. It runs on every back end and is the reference
//! for the kernel.

use std::ops::Range;

use backdraft_hooks::Taps;
use backdraft_layers::ActivationExt;
use backdraft_spec::Cell;
use burn::tensor::activation::relu;
use burn::tensor::{Bool, Device, Tensor, TensorData};

use crate::layer::{LayerState, RecurrentLayer};
use crate::variant::Variant;

/// Runs one layer over time, from `start` or zeros. Rows keep their state in steps that are not
/// `active`; all steps are if that is empty. Returns the states and the last memory.
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
    start: Option<LayerState>,
    active: &[Range<usize>],
    name: &str,
    taps: &mut Taps,
) -> (Tensor<3>, Option<Tensor<2>>) {
    let [time, batch, _] = projected.dims();
    let [hidden, _] = layer.hidden.weight.dims();
    let device = projected.device();
    let zeros = || Tensor::<2>::zeros([batch, hidden], (&device, projected.dtype()));
    let (mut state, memory) = match start {
        Some(LayerState { hidden, memory }) => (hidden, memory),
        None => (zeros(), None),
    };
    let mut memory = memory.unwrap_or_else(zeros);
    let projected = match &layer.variant {
        Some(Variant::Norms(norms)) => norms.input.forward(projected),
        _ => projected,
    };
    let recurrence = Recurrence::of(layer);
    let cell_name = format!("{name}.cell");
    let mut states = Vec::with_capacity(time);
    // The chunks share one node. Slicing step by step would make the backward pass quadratic.
    for (t, x) in projected.split(1, 0).into_iter().enumerate() {
        let x = x.squeeze_dim::<2>(0); // [batch, gates × hidden]
        let resting = resting(active, t, hidden, &device);
        let keep = |new: Tensor<2>, old: Tensor<2>| match &resting {
            Some(resting) => new.mask_where(resting.clone(), old),
            None => new,
        };
        let before = state.clone();
        if layer.cell.has_memory() {
            let u = recurrence.project(state);
            let next = remember(layer, x, u, memory.clone());
            let kept = layer.equations.clip(next.memory);
            memory = taps.tap_step(&cell_name, t, keep(kept, memory));
            state = show(layer, next.output, &memory);
        } else {
            state = layer.equations.clip(recurrence.next(layer, x, state));
        }
        state = taps.tap_step(name, t, keep(state, before));
        states.push(state.clone());
    }
    (Tensor::stack(states, 0), layer.cell.has_memory().then_some(memory))
}

/// Returns the rows of the batch that do not count at step `t`, if there are any.
fn resting(
    active: &[Range<usize>],
    t: usize,
    hidden: usize,
    device: &Device,
) -> Option<Tensor<2, Bool>> {
    let rows: Vec<bool> = active.iter().map(|active| !active.contains(&t)).collect();
    let batch = rows.len();
    rows.contains(&true).then(|| {
        let rows = Tensor::<2, Bool>::from_data(TensorData::new(rows, [batch, 1]), device);
        rows.expand([batch, hidden])
    })
}

/// The recurrent weights, sliced once for all time steps if a cell needs them in parts.
struct Recurrence<'a> {
    layer: &'a RecurrentLayer,
    /// Of a GRU that resets before the product: to the gates, and to the candidate.
    parts: Option<[(Tensor<2>, Option<Tensor<2>>); 2]>,
}

impl<'a> Recurrence<'a> {
    fn of(layer: &'a RecurrentLayer) -> Self {
        let is_split = layer.cell == Cell::Gru && !layer.equations.is_reset_after;
        let [hidden, _] = layer.hidden.weight.dims();
        let part = |start: usize, width: usize| {
            let bias = layer.hidden.bias.as_ref();
            let bias = bias.map(|bias| bias.val().narrow(0, start, width).unsqueeze());
            (layer.hidden.weight.val().narrow(1, start, width), bias)
        };
        let parts = is_split.then(|| [part(0, 2 * hidden), part(2 * hidden, hidden)]);
        Self { layer, parts }
    }

    /// Computes U h + b'.
    fn project(&self, state: Tensor<2>) -> Tensor<2> {
        self.layer.hidden.forward(state)
    }

    /// Computes the next state of a cell without memory.
    fn next(&self, layer: &RecurrentLayer, x: Tensor<2>, state: Tensor<2>) -> Tensor<2> {
        let equations = &layer.equations;
        match layer.cell {
            Cell::ReluRnn => return relu(x + self.project(state)),
            Cell::Gru => {}
            _ => return equations.candidate(x + self.project(state)),
        }
        let [xr, xz, xn] = gates(x);
        let gate = |x: Tensor<2>, u: Tensor<2>| equations.gate(x + u);
        let (z, n) = match &self.parts {
            None => {
                let [ur, uz, un] = gates(self.project(state.clone()));
                (gate(xz, uz), equations.candidate(xn + gate(xr, ur) * un))
            }
            Some([to_gates, to_candidate]) => {
                let [ur, uz] = gates(affine(to_gates, state.clone()));
                let un = affine(to_candidate, gate(xr, ur) * state.clone());
                (gate(xz, uz), equations.candidate(xn + un))
            }
        };
        n.clone() + z * (state - n)
    }
}

fn affine((weight, bias): &(Tensor<2>, Option<Tensor<2>>), input: Tensor<2>) -> Tensor<2> {
    let product = input.matmul(weight.clone());
    match bias {
        Some(bias) => product + bias.clone(),
        None => product,
    }
}

/// An LSTM's new memory, and the pre-activation of its output gate.
struct Remembered {
    memory: Tensor<2>,
    output: Tensor<2>,
}

fn remember(layer: &RecurrentLayer, x: Tensor<2>, u: Tensor<2>, memory: Tensor<2>) -> Remembered {
    let equations = &layer.equations;
    if layer.cell == Cell::CoupledLstm {
        let [f, g, output] = gates(x + u);
        let g = equations.candidate(g);
        return Remembered { memory: g.clone() + equations.gate(f) * (memory - g), output };
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
    let (i, f, g) = (equations.gate(i), equations.gate(f), equations.candidate(g));
    Remembered { memory: f * memory + i * g, output }
}

/// Computes the state of an LSTM from its memory.
fn show(layer: &RecurrentLayer, output: Tensor<2>, memory: &Tensor<2>) -> Tensor<2> {
    let equations = &layer.equations;
    let memory = memory.clone();
    let (output, memory) = match &layer.variant {
        Some(Variant::Norms(norms)) => (output, norms.memory.forward(memory)),
        Some(Variant::Peepholes(peepholes)) => {
            (output + memory.clone() * peepholes.output.val().unsqueeze(), memory)
        }
        None => (output, memory),
    };
    equations.gate(output) * equations.output.apply(memory)
}

/// Splits `[batch, N × hidden]` into N gates.
fn gates<const N: usize>(all: Tensor<2>) -> [Tensor<2>; N] {
    let hidden = all.dims()[1] / N;
    std::array::from_fn(|gate| all.clone().narrow(1, gate * hidden, hidden))
}
