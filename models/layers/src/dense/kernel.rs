//! A linear layer with its activation as a single autodiff node for the CPU back end.

use std::ops::Range;

use backdraft_spec::Activation;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex};
use burn::nn::Linear;
use burn::tensor::{DType, Tensor};

use super::fused::{Kept, apply, kept, multiply_by_slope};
use crate::kernel::{Left, Right, contiguous, multiply, parameter_gradients, tensor};
use crate::threads::{beside, share, threads};

/// Largest number of weights for which this kernel is faster. Beyond it, packing both factors, as
/// Burn's product does, pays off.
const MOST_WEIGHTS: usize = 1 << 16;

/// Computes the layer with its activation if that is fused (see [`kept`]), otherwise the linear
/// part alone. Returns `None` if the layer is large or has no bias, or if the tensors are not `f32`
/// on the CPU back end.
pub(super) fn run(linear: &Linear, activation: Activation, input: &Tensor<2>) -> Option<Tensor<2>> {
    let (activation, keeps) = match kept(activation) {
        Some(keeps) => (activation, keeps),
        None => (Activation::Identity, Kept::Nothing),
    };
    let weight = linear.weight.val();
    let bias = linear.bias.as_ref()?.val();
    let ([batch, inputs], [of_weight, outputs]) = (input.dims(), weight.dims());
    let sizes = Sizes { batch, inputs, outputs };
    let is_small = inputs * outputs <= MOST_WEIGHTS && batch * inputs * outputs > 0;
    let are_f32 = [input.dtype(), weight.dtype(), bias.dtype()] == [DType::F32; 3];
    if !is_small || !are_f32 || inputs != of_weight {
        return None;
    }
    if !(input.is_autodiff() || weight.is_autodiff()) {
        let input = contiguous(&input.clone().try_into_primitive::<Flex>().ok()?);
        let weight = contiguous(&weight.try_into_primitive::<Flex>().ok()?);
        let bias = contiguous(&bias.try_into_primitive::<Flex>().ok()?);
        let run = forward(sizes, activation, false, [&input, &weight, &bias])?;
        return Some(Tensor::from_primitive::<Flex>(tensor(run.output, &[batch, outputs])));
    }
    // The first layer's input is data, which needs no gradient.
    let input = input.clone().autodiff().try_into_primitive::<Autodiff<Flex>>().ok()?;
    let weight = weight.try_into_primitive::<Autodiff<Flex>>().ok()?;
    let bias = bias.try_into_primitive::<Autodiff<Flex>>().ok()?;
    let [x, w, b] = [input.primitive(), weight.primitive(), bias.primitive()].map(contiguous);
    let run = forward(sizes, activation, keeps == Kept::Input, [&x, &w, &b])?;
    let output = tensor(run.output, &[batch, outputs]);
    let parents = [input.node(), weight.node(), bias.node()];
    let output = match Dense.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let kept = match keeps {
                Kept::Nothing => None,
                Kept::Output => Some(output.clone()),
                Kept::Input => Some(tensor(run.before, &[batch, outputs])),
            };
            let state = State { sizes, activation, input: x, weight: w, kept };
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

/// Number of multiplications from which a second thread pays off.
const FEWEST_FOR_TWO: usize = 1 << 19;
/// Number of multiplications from which starting threads pays off.
const FEWEST_FOR_MORE: usize = 1 << 23;
/// Rows that a thread processes at a time.
const ROWS: usize = 256;

impl Sizes {
    fn products(self) -> usize {
        self.batch * self.inputs * self.outputs
    }

    fn are_worth_two(self) -> bool {
        self.products() >= FEWEST_FOR_TWO && threads() > 1
    }
}

/// Results of the forward pass, `[batch, outputs]`.
struct Forward {
    output: Vec<f32>,
    /// The activation's input; empty unless it is kept.
    before: Vec<f32>,
}

fn forward(
    sizes: Sizes,
    activation: Activation,
    keeps_input: bool,
    operands: [&FlexTensor; 3],
) -> Option<Forward> {
    let Sizes { batch, inputs, outputs } = sizes;
    if sizes.are_worth_two() && sizes.products() < FEWEST_FOR_MORE {
        let shared = operands.map(FlexTensor::clone);
        let rows = move |rows: Range<usize>| {
            let [input, weight, bias] = &shared;
            let operands = [input.as_slice()?, weight.as_slice()?, bias.as_slice()?];
            let mut run = Forward::zeros(rows.len() * outputs, keeps_input);
            let input = &operands[0][rows.start * inputs..rows.end * inputs];
            let to = [&mut run.output[..], &mut run.before];
            forward_rows(sizes, activation, [input, operands[1], operands[2]], to);
            Some(run)
        };
        let (theirs, half) = (rows.clone(), batch / 2);
        let (second, first) = beside(move || theirs(half..batch), || rows(0..half));
        let (first, second) = (first?, second?);
        let output = [first.output, second.output].concat();
        return Some(Forward { output, before: [first.before, second.before].concat() });
    }
    let [input, weight, bias] = operands;
    let [input, weight, bias] = [input.as_slice()?, weight.as_slice()?, bias.as_slice()?];
    let mut run = Forward::zeros(batch * outputs, keeps_input);
    let rows = if sizes.products() < FEWEST_FOR_MORE { batch } else { ROWS };
    let mut before = run.before.chunks_mut(rows * outputs);
    let pairs = input.chunks(rows * inputs).zip(run.output.chunks_mut(rows * outputs));
    let work = pairs.map(|(input, output)| (input, [output, before.next().unwrap_or_default()]));
    share(work.collect(), rows * inputs * outputs, || {
        |(input, to)| forward_rows(sizes, activation, [input, weight, bias], to)
    });
    Some(run)
}

impl Forward {
    fn zeros(length: usize, keeps_input: bool) -> Self {
        let before = vec![0.0; if keeps_input { length } else { 0 }];
        Self { output: vec![0.0; length], before }
    }
}

/// Computes some rows of the output and, if `before` is not empty, of the activation's input.
fn forward_rows(
    Sizes { inputs, outputs, .. }: Sizes,
    activation: Activation,
    [input, weight, bias]: [&[f32]; 3],
    [output, before]: [&mut [f32]; 2],
) {
    let left = Left::by_rows(input, input.len() / inputs, inputs);
    multiply(left, &Right::by_rows(weight, outputs), output);
    if !before.is_empty() {
        before.copy_from_slice(output);
        apply(Activation::Identity, before, bias);
    }
    apply(activation, output, bias);
}

/// State for the backward pass.
#[derive(Clone, Debug)]
struct State {
    sizes: Sizes,
    activation: Activation,
    input: FlexTensor,
    weight: FlexTensor,
    /// The tensor that the activation's slope is computed from.
    kept: Option<FlexTensor>,
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
        let of_input = {
            let (before, weight) = (before.clone(), state.weight.clone());
            move || {
                let mut gradient = vec![0.0; batch * inputs];
                let left = Left::by_rows(slice(&before), batch, outputs);
                multiply(left, &Right::by_columns(slice(&weight), inputs), &mut gradient);
                gradient
            }
        };
        let of_parameters =
            || parameter_gradients(slice(&state.input), slice(&before), [inputs, outputs]);
        let (of_input, [of_weight, of_bias]) = if input.is_some() && state.sizes.are_worth_two() {
            let (of_input, of_parameters) = beside(of_input, of_parameters);
            (Some(of_input), of_parameters)
        } else {
            (input.is_some().then(of_input), of_parameters())
        };
        let all = [
            (input, of_input, vec![batch, inputs]),
            (weight, Some(of_weight), vec![inputs, outputs]),
            (bias, Some(of_bias), vec![outputs]),
        ];
        for (node, gradient, shape) in all {
            if let Some((node, gradient)) = node.zip(gradient) {
                grads.register::<Flex>(node.id, tensor(gradient, &shape));
            }
        }
    }
}

/// Returns the values of a contiguous tensor (see [`contiguous`]).
fn slice(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().unwrap_or_default()
}

impl State {
    /// Returns ∂L/∂z, where z is the activation's input.
    fn before_activation(&self, above: &FlexTensor) -> FlexTensor {
        let Some(kept) = &self.kept else { return above.clone() };
        let mut before = slice(above).to_vec();
        multiply_by_slope(self.activation, &mut before, slice(kept));
        tensor(before, &[self.sizes.batch, self.sizes.outputs])
    }
}
