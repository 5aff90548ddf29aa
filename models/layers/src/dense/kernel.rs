//! A linear layer with its activation as one autodiff node of the CPU back end.

use std::borrow::Cow;

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

fn forward(
    Sizes { batch, inputs, outputs }: Sizes,
    activation: Activation,
    input: &FlexTensor,
    weight: &FlexTensor,
    bias: &FlexTensor,
) -> Option<FlexTensor> {
    let mut all = vec![0.0; batch * outputs];
    let left = Left::by_rows(input.as_slice()?, batch, inputs);
    multiply(left, &Right::by_rows(weight.as_slice()?, outputs), &mut all);
    let bias: &[f32] = bias.as_slice()?;
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || match activation {
            Activation::Relu => finish(&mut all, bias, |x| if x < 0.0 { 0.0 } else { x }),
            Activation::Sigmoid => finish(&mut all, bias, sigmoid),
            Activation::Tanh => finish(&mut all, bias, tanh),
            _ => finish(&mut all, bias, |x| x),
        },
    );
    Some(tensor(all, &[batch, outputs]))
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
        let State { sizes: Sizes { batch, inputs, outputs }, activation, input, weight, output } =
            ops.state;
        let [above, input, weight, output] = [&from_above, &input, &weight, &output]
            .map(|tensor| tensor.as_slice::<f32>().unwrap_or_default());
        let before = before_activation(activation, above, output);
        let [input_node, weight_node, bias_node] = ops.parents;
        if let Some(node) = bias_node {
            let sum = sum_of_rows(&before, outputs);
            grads.register::<Flex>(node.id, tensor(sum, &[outputs]));
        }
        if let Some(node) = weight_node {
            let mut gradient = vec![0.0; inputs * outputs];
            let left = Left::by_columns(input, inputs, batch);
            multiply(left, &Right::by_rows(&before, outputs), &mut gradient);
            grads.register::<Flex>(node.id, tensor(gradient, &[inputs, outputs]));
        }
        if let Some(node) = input_node {
            let mut gradient = vec![0.0; batch * inputs];
            let left = Left::by_rows(&before, batch, outputs);
            multiply(left, &Right::by_columns(weight, inputs), &mut gradient);
            grads.register::<Flex>(node.id, tensor(gradient, &[batch, inputs]));
        }
    }
}

/// ∂L/∂ of what the activation gets, by its slope, which its output tells.
fn before_activation<'a>(
    activation: Activation,
    above: &'a [f32],
    output: &[f32],
) -> Cow<'a, [f32]> {
    if activation == Activation::Identity || !has(activation) {
        return Cow::Borrowed(above);
    }
    let mut before = above.to_vec();
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || match activation {
            Activation::Relu => set(&mut before, output, |g, y| if y <= 0.0 { 0.0 } else { g }),
            Activation::Sigmoid => set(&mut before, output, |g, y| g * y * (1.0 - y)),
            _ => set(&mut before, output, |g, y| g * (1.0 - y * y)),
        },
    );
    Cow::Owned(before)
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
