//! The autodiff node around the passes.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients as Grads;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex};
use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2d;
use burn::tensor::{DType, Tensor};

use super::geometry::{Geometry, Sizes};
use super::passes::{Wanted, backward, forward};
use crate::kernel::{contiguous, tensor};

/// Convolves. Returns `None` if the kernel does not support the sizes or the tensors are not `f32`
/// on the CPU back end.
pub(in crate::convolution) fn run(convolution: &Conv2d, input: &Tensor<4>) -> Option<Tensor<4>> {
    let geometry = Geometry::new(sizes(convolution, input)?)?;
    let weight = convolution.weight.val();
    let bias = convolution.bias.as_ref().map(|bias| bias.val());
    if input.dtype() != DType::F32 || weight.dtype() != DType::F32 {
        return None;
    }
    if !(input.is_autodiff() || weight.is_autodiff()) {
        let input = contiguous(&input.clone().try_into_primitive::<Flex>().ok()?);
        let weight = contiguous(&weight.try_into_primitive::<Flex>().ok()?);
        let bias = match bias {
            Some(bias) => Some(contiguous(&bias.try_into_primitive::<Flex>().ok()?)),
            None => None,
        };
        let output = convolve(&geometry, &input, &weight, bias.as_ref())?;
        return Some(Tensor::from_primitive::<Flex>(output));
    }
    // The first layer's input is data, which needs no gradient.
    let input = input.clone().autodiff().try_into_primitive::<Autodiff<Flex>>().ok()?;
    let weight = weight.try_into_primitive::<Autodiff<Flex>>().ok()?;
    let [x, w] = [input.primitive(), weight.primitive()].map(contiguous);
    let parents = [input.node(), weight.node()];
    let output = match bias {
        None => {
            let output = convolve(&geometry, &x, &w, None)?;
            let state = State { geometry, input: x, weight: w };
            match Bare.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
                OpsKind::Tracked(prepared) => prepared.finish(state, output),
                OpsKind::UnTracked(prepared) => prepared.finish(output),
            }
        }
        Some(bias) => {
            let bias = bias.try_into_primitive::<Autodiff<Flex>>().ok()?;
            let output = convolve(&geometry, &x, &w, Some(&contiguous(bias.primitive())))?;
            let state = State { geometry, input: x, weight: w };
            let [input, weight] = parents;
            let parents = [input, weight, bias.node()];
            match Biased.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
                OpsKind::Tracked(prepared) => prepared.finish(state, output),
                OpsKind::UnTracked(prepared) => prepared.finish(output),
            }
        }
    };
    Some(Tensor::from_primitive::<Autodiff<Flex>>(output))
}

/// Returns the sizes if the kernel supports them.
fn sizes(convolution: &Conv2d, input: &Tensor<4>) -> Option<Sizes> {
    let [batch, inputs, height, width] = input.dims();
    let [outputs, of_weight, side, side_across] = convolution.weight.dims();
    let Conv2d { stride, dilation, groups, padding, .. } = convolution;
    let padding = match padding {
        PaddingConfig2d::Valid => 0,
        PaddingConfig2d::Explicit(top, left, bottom, right)
            if [left, bottom, right] == [top, top, top] =>
        {
            *top
        }
        _ => return None,
    };
    let is_square = side == side_across && stride[0] == stride[1];
    let is_plain = *dilation == [1, 1] && *groups == 1 && of_weight == inputs;
    let is_there = batch * inputs * outputs * height * width * side != 0 && padding < side;
    (is_square && is_plain && is_there).then_some(Sizes {
        batch,
        inputs,
        outputs,
        input: [height, width],
        side,
        stride: stride[0],
        padding,
    })
}

fn convolve(
    geometry: &Geometry,
    input: &FlexTensor,
    weight: &FlexTensor,
    bias: Option<&FlexTensor>,
) -> Option<FlexTensor> {
    let bias = match bias {
        Some(bias) => Some(bias.as_slice()?),
        None => None,
    };
    let values = forward(geometry, input.as_slice()?, weight.as_slice()?, bias);
    let Sizes { batch, outputs, .. } = geometry.sizes;
    let [height, width] = geometry.output;
    Some(tensor(values, &[batch, outputs, height, width]))
}

/// State for the backward pass.
#[derive(Clone, Debug)]
struct State {
    geometry: Geometry,
    input: FlexTensor,
    weight: FlexTensor,
}

/// Parents: input, weight.
#[derive(Debug)]
struct Bare;

/// Parents: input, weight, bias.
#[derive(Debug)]
struct Biased;

impl Backward<Flex, 2> for Bare {
    type State = State;

    fn backward(self, ops: Ops<State, 2>, grads: &mut Grads, _: &mut Checkpointer) {
        let from_above = contiguous(&grads.consume::<Flex>(&ops.node));
        let [input, weight] = ops.parents;
        let wanted = Wanted { input: input.is_some(), weight: weight.is_some(), bias: false };
        let gradients = ops.state.gradients(&from_above, wanted);
        for (parent, gradient) in [input, weight].into_iter().zip(gradients) {
            if let Some((parent, gradient)) = parent.zip(gradient) {
                grads.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

impl Backward<Flex, 3> for Biased {
    type State = State;

    fn backward(self, ops: Ops<State, 3>, grads: &mut Grads, _: &mut Checkpointer) {
        let from_above = contiguous(&grads.consume::<Flex>(&ops.node));
        let [input, weight, bias] = ops.parents;
        let [has_input, has_weight, has_bias] = [&input, &weight, &bias].map(Option::is_some);
        let wanted = Wanted { input: has_input, weight: has_weight, bias: has_bias };
        let gradients = ops.state.gradients(&from_above, wanted);
        for (parent, gradient) in [input, weight, bias].into_iter().zip(gradients) {
            if let Some((parent, gradient)) = parent.zip(gradient) {
                grads.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

impl State {
    /// Returns the gradients of input, weight and bias that are wanted.
    fn gradients(self, from_above: &FlexTensor, wanted: Wanted) -> [Option<FlexTensor>; 3] {
        let Self { geometry, input, weight } = self;
        let [x, w, above] = [&input, &weight, from_above]
            .map(|tensor| tensor.as_slice::<f32>().unwrap_or_default());
        let gradients = backward(&geometry, x, w, above, wanted);
        let Sizes { batch, inputs, outputs, input: [height, width], side, .. } = geometry.sizes;
        let optional =
            |values: Vec<f32>, shape: &[usize]| (!values.is_empty()).then(|| tensor(values, shape));
        [
            optional(gradients.input, &[batch, inputs, height, width]),
            optional(gradients.weight, &[outputs, inputs, side, side]),
            optional(gradients.bias, &[outputs]),
        ]
    }
}
