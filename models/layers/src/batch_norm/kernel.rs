//! Batch normalisation in training, with a rectifier if one follows, as one autodiff node of the CPU
//! back end.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex};
use burn::module::RunningState;
use burn::nn::BatchNorm;
use burn::tensor::{DType, Tensor, TensorData};

use super::passes::{Learned, Sizes, backward, forward};
use crate::activation::Activation;
use crate::activation_layer::ActivationLayer;
use crate::kernel::{contiguous, tensor};

/// Normalises by the batch and updates the running statistics; `None` if the layer is not in
/// training or the tensors are not 32-bit ones of the CPU back end.
pub(super) fn run(
    norm: &BatchNorm,
    activation: Option<&ActivationLayer>,
    input: &Tensor<4>,
) -> Option<Tensor<4>> {
    let [batch, channels, height, width] = input.dims();
    let sizes = Sizes { batch, channels, pixels: height * width };
    let is_training = input.is_autodiff() && norm.training.is_enabled();
    let (gain, shift) = (norm.gamma.val(), norm.beta.val());
    let are_f32 = [input.dtype(), gain.dtype(), shift.dtype()] == [DType::F32; 3];
    let fits = gain.dims() == [channels] && batch * channels * height * width > 0;
    if !is_training || !are_f32 || !fits {
        return None;
    }
    let x = input.clone().try_into_primitive::<Autodiff<Flex>>().ok()?;
    let gain = gain.try_into_primitive::<Autodiff<Flex>>().ok()?;
    let shift = shift.try_into_primitive::<Autodiff<Flex>>().ok()?;
    let [input_values, gain_values, shift_values] =
        [x.primitive(), gain.primitive(), shift.primitive()].map(contiguous);
    let is_rectified = activation.is_some_and(|it| it.activation() == Activation::Relu);
    let learned = Learned { gain: gain_values.as_slice()?, shift: shift_values.as_slice()? };
    let epsilon = norm.epsilon;
    let normalised = forward(sizes, input_values.as_slice()?, learned, epsilon, is_rectified);
    remember(&norm.running_mean, &normalised.mean, norm.momentum);
    remember(&norm.running_var, &normalised.variance, norm.momentum);
    let output = tensor(normalised.output, &[batch, channels, height, width]);
    let parents = [x.node(), gain.node(), shift.node()];
    let output = match Norm.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let state = State {
                sizes,
                epsilon,
                is_rectified,
                input: input_values,
                gain: gain_values,
                shift: shift_values,
                statistics: [normalised.mean, normalised.variance],
            };
            prepared.finish(state, output)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    };
    let output = Tensor::from_primitive::<Autodiff<Flex>>(output);
    Some(match activation {
        Some(activation) if !is_rectified => activation.forward(output),
        _ => output,
    })
}

/// Moves a running statistic towards that of the batch, as Burn's layer does.
fn remember(running: &RunningState<Tensor<1>>, of_batch: &[f32], momentum: f64) {
    let before = running.value_sync();
    let of_batch = TensorData::new(of_batch.to_vec(), [of_batch.len()]);
    let of_batch = Tensor::<1>::from_data(of_batch, &before.device());
    let after = before.mul_scalar(1.0 - momentum).add(of_batch.mul_scalar(momentum));
    running.update(after.detach());
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
struct State {
    sizes: Sizes,
    epsilon: f64,
    is_rectified: bool,
    input: FlexTensor,
    gain: FlexTensor,
    shift: FlexTensor,
    /// Mean and variance of each channel.
    statistics: [Vec<f32>; 2],
}

/// Parents: input, gain, shift.
#[derive(Debug)]
struct Norm;

impl Backward<Flex, 3> for Norm {
    type State = State;

    fn backward(self, ops: Ops<State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let from_above = contiguous(&grads.consume::<Flex>(&ops.node));
        let State { sizes, epsilon, is_rectified, input, gain, shift, statistics } = ops.state;
        let shape = input.layout().shape().clone();
        let [above, input, gain, shift] = [&from_above, &input, &gain, &shift]
            .map(|tensor| tensor.as_slice::<f32>().unwrap_or_default());
        let statistics = statistics.each_ref().map(Vec::as_slice);
        let learned = Learned { gain, shift };
        let gradients = backward(sizes, input, above, learned, statistics, epsilon, is_rectified);
        let channels = [sizes.channels];
        let values = [
            tensor(gradients.input, shape.as_slice()),
            tensor(gradients.gain, &channels),
            tensor(gradients.shift, &channels),
        ];
        for (parent, gradient) in ops.parents.into_iter().zip(values) {
            if let Some(parent) = parent {
                grads.register::<Flex>(parent.id, gradient);
            }
        }
    }
}
