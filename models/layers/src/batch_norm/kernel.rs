//! Batch normalisation in training as a single autodiff node for the CPU back end, including an
//! optional shortcut and the rectifier that follows.

use backdraft_spec::Activation;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex};
use burn::module::RunningState;
use burn::nn::BatchNorm;
use burn::tensor::{DType, Tensor, TensorData};

use super::passes::{After, Learned, Sizes, backward, forward};
use crate::activation_layer::ActivationLayer;
use crate::kernel::{contiguous, tensor};

/// Normalises over the batch and updates the running statistics. Returns `None` if the layer is not
/// in training, if the tensors are not `f32` on the CPU back end, or if there is a shortcut without
/// a rectifier.
pub(super) fn run(
    norm: &BatchNorm,
    activation: Option<&ActivationLayer>,
    input: &Tensor<4>,
    shortcut: Option<&Tensor<4>>,
) -> Option<Tensor<4>> {
    let [batch, channels, height, width] = input.dims();
    let sizes = Sizes { batch, channels, pixels: height * width };
    let is_rectified = activation.is_some_and(|it| it.activation() == Activation::Relu);
    if !(covers(norm, input, shortcut) && (is_rectified || shortcut.is_none())) {
        return None;
    }
    let (gain, shift) = (norm.gamma.val(), norm.beta.val());
    let x = input.clone().try_into_primitive::<Autodiff<Flex>>().ok()?;
    let gain = gain.try_into_primitive::<Autodiff<Flex>>().ok()?;
    let shift = shift.try_into_primitive::<Autodiff<Flex>>().ok()?;
    let shortcut = match shortcut {
        Some(it) => Some(it.clone().autodiff().try_into_primitive::<Autodiff<Flex>>().ok()?),
        None => None,
    };
    let [input_values, gain_values, shift_values] =
        [x.primitive(), gain.primitive(), shift.primitive()].map(contiguous);
    let shortcut_values = shortcut.as_ref().map(|it| contiguous(it.primitive()));
    let after = match &shortcut_values {
        Some(values) => After::Shortcut(values.as_slice()?),
        None if is_rectified => After::Rectifier,
        None => After::Nothing,
    };
    let learned = Learned { gain: gain_values.as_slice()?, shift: shift_values.as_slice()? };
    let normalised = forward(sizes, input_values.as_slice()?, learned, norm.epsilon, after);
    remember(&norm.running_mean, &normalised.mean, norm.momentum);
    remember(&norm.running_var, &normalised.variance, norm.momentum);
    let output = tensor(normalised.output, &[batch, channels, height, width]);
    let state = State {
        sizes,
        epsilon: norm.epsilon,
        input: input_values,
        rectified: is_rectified.then(|| output.clone()),
        gain: gain_values,
        statistics: [normalised.mean, normalised.variance],
    };
    let [x, gain, shift] = [x.node(), gain.node(), shift.node()];
    let output = match shortcut {
        None => {
            let parents = [x, gain, shift];
            match Norm.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
                OpsKind::Tracked(prepared) => prepared.finish(state, output),
                OpsKind::UnTracked(prepared) => prepared.finish(output),
            }
        }
        Some(shortcut) => {
            let parents = [x, gain, shift, shortcut.node()];
            match Norm.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
                OpsKind::Tracked(prepared) => prepared.finish(state, output),
                OpsKind::UnTracked(prepared) => prepared.finish(output),
            }
        }
    };
    let output = Tensor::from_primitive::<Autodiff<Flex>>(output);
    Some(match activation {
        Some(activation) if !is_rectified => activation.forward(output),
        _ => output,
    })
}

/// Tells whether the kernel takes these tensors.
fn covers(norm: &BatchNorm, input: &Tensor<4>, shortcut: Option<&Tensor<4>>) -> bool {
    let is_training = input.is_autodiff() && norm.training.is_enabled();
    let (gain, shift) = (norm.gamma.val(), norm.beta.val());
    let are_f32 = [input.dtype(), gain.dtype(), shift.dtype()] == [DType::F32; 3]
        && shortcut.is_none_or(|it| it.dtype() == DType::F32);
    let fits = gain.dims() == [input.dims()[1]]
        && input.dims().iter().product::<usize>() > 0
        && shortcut.is_none_or(|it| it.dims() == input.dims());
    is_training && are_f32 && fits
}

/// Moves a running statistic towards the batch's, as Burn's layer does.
fn remember(running: &RunningState<Tensor<1>>, of_batch: &[f32], momentum: f64) {
    let before = running.value_sync();
    let of_batch = TensorData::new(of_batch.to_vec(), [of_batch.len()]);
    let of_batch = Tensor::<1>::from_data(of_batch, &before.device());
    let after = before.mul_scalar(1.0 - momentum).add(of_batch.mul_scalar(momentum));
    running.update(after.detach());
}

/// State for the backward pass.
#[derive(Clone, Debug)]
struct State {
    sizes: Sizes,
    epsilon: f64,
    input: FlexTensor,
    /// The output, if it was rectified.
    rectified: Option<FlexTensor>,
    gain: FlexTensor,
    /// Mean and variance of each channel.
    statistics: [Vec<f32>; 2],
}

/// Parents: input, gain, shift and, optionally, the shortcut.
#[derive(Debug)]
struct Norm;

impl<const N: usize> Backward<Flex, N> for Norm {
    type State = State;

    fn backward(self, ops: Ops<State, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let from_above = contiguous(&grads.consume::<Flex>(&ops.node));
        let State { sizes, epsilon, input, rectified, gain, statistics } = ops.state;
        let shape = input.layout().shape().clone();
        let values = |tensor| FlexTensor::as_slice::<f32>(tensor).unwrap_or_default();
        let gradients = backward(
            sizes,
            [values(&input), values(&from_above)],
            rectified.as_ref().map(values),
            N == 4,
            values(&gain),
            statistics.each_ref().map(Vec::as_slice),
            epsilon,
        );
        let (shape, channels) = (shape.as_slice(), [sizes.channels]);
        let values = [
            (gradients.input, shape),
            (gradients.gain, &channels),
            (gradients.shift, &channels),
            (gradients.shortcut, shape),
        ];
        for (parent, (gradient, shape)) in ops.parents.into_iter().zip(values) {
            if let Some(parent) = parent {
                grads.register::<Flex>(parent.id, tensor(gradient, shape));
            }
        }
    }
}
