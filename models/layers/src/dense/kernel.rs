//! A linear layer with its activation as one autodiff node of the CPU back end.

use std::ops::Range;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex};
use burn::nn::Linear;
use burn::tensor::{DType, Tensor};

use crate::activation::Activation;
use crate::kernel::{Left, Right, contiguous, multiply, sigmoid, tanh, tensor};
use crate::threads::{beside, threads};

/// Weights beyond which packing both factors, as Burn's product does, is worth its time.
const MOST_WEIGHTS: usize = 1 << 16;

/// Tells whether the node includes the activation; of the others it computes the linear part.
pub(super) fn has(activation: Activation) -> bool {
    use Activation::{Identity, Relu, Sigmoid, Tanh};
    matches!(activation, Identity | Relu | Sigmoid | Tanh)
}

/// Computes the layer; `None` if it is large, has no bias, or the tensors are not 32-bit ones of the
/// CPU back end.
pub(super) fn run(linear: &Linear, activation: Activation, input: &Tensor<2>) -> Option<Tensor<2>> {
    let weight = linear.weight.val();
    let bias = linear.bias.as_ref()?.val();
    let ([batch, inputs], [of_weight, outputs]) = (input.dims(), weight.dims());
    let sizes = Sizes { batch, inputs, outputs };
    let is_small = inputs * outputs <= MOST_WEIGHTS && batch * inputs * outputs > 0;
    let are_f32 = [input.dtype(), weight.dtype(), bias.dtype()] == [DType::F32; 3];
    if !is_small || !are_f32 || inputs != of_weight {
        return None;
    }
    if !input.is_autodiff() {
        let input = contiguous(&input.clone().try_into_primitive::<Flex>().ok()?);
        let weight = contiguous(&weight.try_into_primitive::<Flex>().ok()?);
        let bias = contiguous(&bias.try_into_primitive::<Flex>().ok()?);
        let output = forward(sizes, activation, &input, &weight, &bias)?;
        return Some(Tensor::from_primitive::<Flex>(output));
    }
    let input = input.clone().try_into_primitive::<Autodiff<Flex>>().ok()?;
    let weight = weight.try_into_primitive::<Autodiff<Flex>>().ok()?;
    let bias = bias.try_into_primitive::<Autodiff<Flex>>().ok()?;
    let [x, w, b] = [input.primitive(), weight.primitive(), bias.primitive()].map(contiguous);
    let output = forward(sizes, activation, &x, &w, &b)?;
    let parents = [input.node(), weight.node(), bias.node()];
    let output = match Dense.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let state = State { sizes, activation, input: x, weight: w, output: output.clone() };
            prepared.finish(state, output)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    };
    Some(Tensor::from_primitive::<Autodiff<Flex>>(output))
}

#[derive(Clone, Copy, Debug)]
struct Sizes {
    batch: usize,
    inputs: usize,
    outputs: usize,
}

/// Multiplications of a product from which a second thread is worth its time.
const FEWEST_PRODUCTS: usize = 1 << 19;

impl Sizes {
    fn are_worth_two(self) -> bool {
        self.batch * self.inputs * self.outputs >= FEWEST_PRODUCTS && threads() > 1
    }
}

fn forward(
    sizes: Sizes,
    activation: Activation,
    input: &FlexTensor,
    weight: &FlexTensor,
    bias: &FlexTensor,
) -> Option<FlexTensor> {
    let Sizes { batch, outputs, .. } = sizes;
    let values = if sizes.are_worth_two() {
        let shared = [input, weight, bias].map(FlexTensor::clone);
        let rows = move |range| {
            let [input, weight, bias] = &shared;
            let operands = [input.as_slice()?, weight.as_slice()?, bias.as_slice()?];
            Some(forward_rows(sizes, activation, operands, range))
        };
        let half = batch / 2;
        let (second, first) = beside(
            {
                let rows = rows.clone();
                move || rows(half..batch)
            },
            || rows(0..half),
        );
        [first?, second?].concat()
    } else {
        let operands = [input.as_slice()?, weight.as_slice()?, bias.as_slice()?];
        forward_rows(sizes, activation, operands, 0..batch)
    };
    Some(tensor(values, &[batch, outputs]))
}

/// Computes some rows of the output from input, weight and bias.
fn forward_rows(
    Sizes { inputs, outputs, .. }: Sizes,
    activation: Activation,
    [input, weight, bias]: [&[f32]; 3],
    rows: Range<usize>,
) -> Vec<f32> {
    let mut all = vec![0.0; rows.len() * outputs];
    let left = Left::by_rows(&input[rows.start * inputs..rows.end * inputs], rows.len(), inputs);
    multiply(left, &Right::by_rows(weight, outputs), &mut all);
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || match activation {
            Activation::Relu => finish(&mut all, bias, |x| if x < 0.0 { 0.0 } else { x }),
            Activation::Sigmoid => finish(&mut all, bias, sigmoid),
            Activation::Tanh => finish(&mut all, bias, tanh),
            _ => finish(&mut all, bias, |x| x),
        },
    );
    all
}

#[inline(always)]
fn finish(all: &mut [f32], bias: &[f32], activation: impl Fn(f32) -> f32) {
    for row in all.chunks_exact_mut(bias.len()) {
        set(row, bias, |value, bias| activation(value + bias));
    }
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
struct State {
    sizes: Sizes,
    activation: Activation,
    input: FlexTensor,
    weight: FlexTensor,
    output: FlexTensor,
}

/// Parents: input, weight, bias.
#[derive(Debug)]
struct Dense;

impl Backward<Flex, 3> for Dense {
    type State = State;

    fn backward(self, ops: Ops<State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let from_above = contiguous(&grads.consume::<Flex>(&ops.node));
        let [input, weight, bias] = ops.parents;
        let state = ops.state;
        let Sizes { batch, inputs, outputs } = state.sizes;
        let before = state.before_activation(&from_above);
        if let Some(node) = bias {
            grads.register::<Flex>(
                node.id,
                tensor(sum_of_rows(slice(&before), outputs), &[outputs]),
            );
        }
        let of_input = {
            let (before, weight) = (before.clone(), state.weight.clone());
            move || {
                let mut gradient = vec![0.0; batch * inputs];
                let left = Left::by_rows(slice(&before), batch, outputs);
                multiply(left, &Right::by_columns(slice(&weight), inputs), &mut gradient);
                gradient
            }
        };
        let (values, of_outputs) = (state.input.clone(), before);
        let of_weight = move |rows: Range<usize>| {
            let mut gradient = vec![0.0; rows.len() * outputs];
            let left = Left::by_columns(slice(&values), inputs, batch).rows(rows);
            multiply(left, &Right::by_rows(slice(&of_outputs), outputs), &mut gradient);
            gradient
        };
        let half = inputs / 2;
        let (of_input, of_weight) = match (input.is_some(), weight.is_some()) {
            (true, true) if state.sizes.are_worth_two() => {
                let (of_input, of_weight) = beside(of_input, || of_weight(0..inputs));
                (Some(of_input), Some(of_weight))
            }
            (false, true) if state.sizes.are_worth_two() => {
                let theirs = of_weight.clone();
                let (second, first) = beside(move || theirs(half..inputs), || of_weight(0..half));
                (None, Some([first, second].concat()))
            }
            (has_input, has_weight) => {
                (has_input.then(of_input), has_weight.then(|| of_weight(0..inputs)))
            }
        };
        if let Some((node, gradient)) = weight.zip(of_weight) {
            grads.register::<Flex>(node.id, tensor(gradient, &[inputs, outputs]));
        }
        if let Some((node, gradient)) = input.zip(of_input) {
            grads.register::<Flex>(node.id, tensor(gradient, &[batch, inputs]));
        }
    }
}

/// The values of a tensor that [`contiguous`] has made.
fn slice(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().unwrap_or_default()
}

impl State {
    /// ∂L/∂ of what the activation gets, by its slope, which its output tells.
    fn before_activation(&self, above: &FlexTensor) -> FlexTensor {
        let Sizes { batch, outputs, .. } = self.sizes;
        if self.activation == Activation::Identity || !has(self.activation) {
            return above.clone();
        }
        let mut before = slice(above).to_vec();
        let output = slice(&self.output);
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || match self.activation {
                Activation::Relu => set(&mut before, output, |g, y| if y <= 0.0 { 0.0 } else { g }),
                Activation::Sigmoid => set(&mut before, output, |g, y| g * y * (1.0 - y)),
                _ => set(&mut before, output, |g, y| g * (1.0 - y * y)),
            },
        );
        tensor(before, &[batch, outputs])
    }
}

#[inline(always)]
fn set(values: &mut [f32], others: &[f32], f: impl Fn(f32, f32) -> f32) {
    for (value, other) in values.iter_mut().zip(others) {
        *value = f(*value, *other);
    }
}

fn sum_of_rows(values: &[f32], width: usize) -> Vec<f32> {
    let mut sum = vec![0.0; width];
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for row in values.chunks_exact(width) {
                set(&mut sum, row, |sum, value| sum + value);
            }
        },
    );
    sum
}
