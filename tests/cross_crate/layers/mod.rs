//! Recurrent layers in place of Burn's own.

mod beside_burn;
mod gradients;
mod sequences;
mod settings;

use backdraft_hooks::Taps;
use backdraft_recurrent::{Gru, Lstm, Path, Rnn, Stack};
use burn::nn::LstmState;
use burn::tensor::{DType, Device, Tensor, TensorData};

/// Deterministic values of about 1.
fn values<const D: usize>(
    shape: [usize; D],
    step: f64,
    (device, dtype): (&Device, DType),
) -> Tensor<D> {
    let count = shape.iter().product::<usize>();
    let values = (0..count).map(|i| ((i as f64 + 1.0) * step).sin() + 0.2).collect::<Vec<f64>>();
    Tensor::from_data(TensorData::new(values, shape).convert_dtype(dtype), (device, dtype))
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// The largest difference, relative to the largest number where that is above 1.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let largest = a.iter().chain(b).fold(1.0f64, |largest, x| largest.max(x.abs()));
    let worst = a.iter().zip(b).fold(0.0f64, |worst, (a, b)| {
        let difference = (a - b).abs();
        if difference.is_nan() { f64::INFINITY } else { worst.max(difference) }
    });
    worst / largest
}

/// Any of the layers, with a state that is a hidden one and, for an LSTM, a cell state.
trait Layer {
    fn stack(&self) -> &Stack;

    fn has_cell_state(&self) -> bool;

    fn run(
        &self,
        input: Tensor<3>,
        lengths: Option<&[usize]>,
        state: Option<[Tensor<3>; 2]>,
        path: Path,
    ) -> (Tensor<3>, [Tensor<3>; 2]);
}

impl Layer for Lstm {
    fn stack(&self) -> &Stack {
        &self.stack
    }

    fn has_cell_state(&self) -> bool {
        true
    }

    fn run(
        &self,
        input: Tensor<3>,
        lengths: Option<&[usize]>,
        state: Option<[Tensor<3>; 2]>,
        path: Path,
    ) -> (Tensor<3>, [Tensor<3>; 2]) {
        let state = state.map(|[hidden, cell]| LstmState { cell, hidden });
        let (outputs, state) = self.forward_tapped(input, lengths, state, path, &mut Taps::off());
        (outputs, [state.hidden, state.cell])
    }
}

macro_rules! without_cell_state {
    ($layer:ty) => {
        impl Layer for $layer {
            fn stack(&self) -> &Stack {
                &self.stack
            }

            fn has_cell_state(&self) -> bool {
                false
            }

            fn run(
                &self,
                input: Tensor<3>,
                lengths: Option<&[usize]>,
                state: Option<[Tensor<3>; 2]>,
                path: Path,
            ) -> (Tensor<3>, [Tensor<3>; 2]) {
                let state = state.map(|[hidden, _]| hidden);
                let (outputs, hidden) =
                    self.forward_tapped(input, lengths, state, path, &mut Taps::off());
                let cell = hidden.zeros_like();
                (outputs, [hidden, cell])
            }
        }
    };
}
without_cell_state!(Gru);
without_cell_state!(Rnn);

/// What one run of a layer gives and is given back: outputs, last states, and the gradients of a loss
/// in which all of them are, for inputs, first states and parameters.
struct Result {
    outputs: Vec<f64>,
    states: Vec<f64>,
    gradients: Vec<f64>,
}

impl Result {
    fn all(&self) -> Vec<f64> {
        [&self.outputs[..], &self.states, &self.gradients].concat()
    }
}

/// A loss that no symmetry makes simple.
fn loss<const D: usize>(outputs: Tensor<D>, step: f64) -> Tensor<1> {
    let weights = values(outputs.dims(), step, (&outputs.device(), outputs.dtype()));
    (outputs * weights).sum()
}

fn result<L: Layer>(
    layer: &L,
    input: Tensor<3>,
    lengths: Option<&[usize]>,
    state: Option<[Tensor<3>; 2]>,
    path: Path,
) -> Result {
    let input = input.require_grad();
    let state = state.map(|state| state.map(Tensor::require_grad));
    let (outputs, last) = layer.run(input.clone(), lengths, state.clone(), path);
    let [hidden, cell] = last.clone();
    let mut total = loss(outputs.clone(), 0.71) + loss(hidden, 0.31);
    if layer.has_cell_state() {
        total = total + loss(cell, 0.53);
    }
    let gradients = total.backward();
    let mut all = numbers(input.grad(&gradients).unwrap());
    let kept = if layer.has_cell_state() { 2 } else { 1 };
    for state in state.into_iter().flatten().take(kept) {
        all.extend(numbers(state.grad(&gradients).unwrap()));
    }
    for layer in layer.stack().layers.iter().chain(&layer.stack().reverse) {
        for linear in [&layer.input, &layer.hidden] {
            all.extend(numbers(linear.weight.val().grad(&gradients).unwrap()));
            if let Some(bias) = &linear.bias {
                all.extend(numbers(bias.val().grad(&gradients).unwrap()));
            }
        }
    }
    let states = last.into_iter().flat_map(numbers).collect();
    Result { outputs: numbers(outputs), states, gradients: all }
}
