//! The autodiff node around the passes.

use std::sync::Arc;

use backdraft_layers::kernel::{contiguous, parameter_gradients};
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients as Grads;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex};
use burn::tensor::{DType, Tensor, TensorData};

use super::Cell;
use super::Sizes;
use super::passes::{Run, backward, forward};

/// Leaves that receive ∂L/∂h_t and, for an LSTM, ∂L/∂c_t of every step; `[time, batch, hidden]`.
pub(crate) struct Probes {
    pub(crate) state: Tensor<3>,
    pub(crate) memory: Tensor<3>,
}

/// States and, for an LSTM, memories without autodiff; `[time, batch, hidden]`.
pub(crate) struct Output {
    pub(crate) states: Tensor<3>,
    pub(crate) memories: Option<Tensor<3>>,
}

/// Runs a layer over time, starting from zeros. Returns `None` if the tensors are not `f32` on the
/// CPU back end or are checkpointed.
///
/// # Shapes
///
/// - projected: `[time, batch, gates × hidden]`
/// - weight: `[hidden, gates × hidden]`
/// - bias: `[gates × hidden]`
pub(crate) fn run(
    cell: Cell,
    projected: &Tensor<3>,
    weight: &Tensor<2>,
    bias: &Tensor<1>,
    probes: Option<&Probes>,
) -> Option<Output> {
    let [time, batch, _] = projected.dims();
    let sizes = Sizes { time, batch, hidden: weight.dims()[0] };
    if projected.dtype() != DType::F32 {
        return None;
    }
    if !projected.is_autodiff() {
        let projected = contiguous(&projected.clone().try_into_primitive::<Flex>().ok()?);
        let bias = contiguous(&bias.clone().try_into_primitive::<Flex>().ok()?);
        let weight = contiguous(&weight.clone().try_into_primitive::<Flex>().ok()?);
        let (weight, bias) = (weight.as_slice()?, bias.as_slice()?);
        let run = forward(cell, sizes, projected.as_slice()?, weight, bias, false);
        let states = Tensor::from_primitive::<Flex>(tensor(run.states, sizes));
        let memories = probes.and_then(|_| memories(&run.memories, sizes));
        return Some(Output { states, memories });
    }
    let projected = projected.clone().try_into_primitive::<Autodiff<Flex>>().ok()?;
    let bias = bias.clone().try_into_primitive::<Autodiff<Flex>>().ok()?;
    let weight = weight.clone().try_into_primitive::<Autodiff<Flex>>().ok()?;
    let [x, w, b] = [projected.primitive(), weight.primitive(), bias.primitive()].map(contiguous);
    let mut run = forward(cell, sizes, x.as_slice()?, w.as_slice()?, b.as_slice()?, true);
    let memories = probes.and_then(|_| memories(&run.memories, sizes));
    let states = tensor(std::mem::take(&mut run.states), sizes);
    let state = State { cell, sizes, states: states.clone(), run: Arc::new(run), weight: w };
    let parents = [projected.node(), weight.node(), bias.node()];
    let output = match probes {
        None => match Sequence.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(state, states),
            OpsKind::UnTracked(prepared) => prepared.finish(states),
        },
        Some(probes) => {
            let probe = probes.state.clone().try_into_primitive::<Autodiff<Flex>>().ok()?;
            let cell_probe = probes.memory.clone().try_into_primitive::<Autodiff<Flex>>().ok()?;
            let [projected, weight, bias] = parents;
            let parents = [projected, weight, bias, probe.node(), cell_probe.node()];
            match Sequence.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
                OpsKind::Tracked(prepared) => prepared.finish(state, states),
                OpsKind::UnTracked(prepared) => prepared.finish(states),
            }
        }
    };
    Some(Output { states: Tensor::from_primitive::<Autodiff<Flex>>(output), memories })
}

fn memories(memories: &[f32], sizes: Sizes) -> Option<Tensor<3>> {
    let is_there = !memories.is_empty();
    is_there.then(|| Tensor::from_primitive::<Flex>(tensor(memories.to_vec(), sizes)))
}

/// `[time, batch, values / time / batch]`.
fn tensor(values: Vec<f32>, Sizes { time, batch, .. }: Sizes) -> FlexTensor {
    let width = values.len() / (time * batch).max(1);
    FlexTensor::from_data(TensorData::new(values, [time, batch, width]))
}

/// State for the backward pass.
#[derive(Clone, Debug)]
struct State {
    cell: Cell,
    sizes: Sizes,
    /// Shared with the output, and therefore taken out of `run`.
    states: FlexTensor,
    run: Arc<Run>,
    weight: FlexTensor,
}

/// Parents: projected, weight and bias; with probes, also those of states and memories.
#[derive(Debug)]
struct Sequence<const PARENTS: usize>;

impl<const PARENTS: usize> Backward<Flex, PARENTS> for Sequence<PARENTS> {
    type State = State;

    fn backward(self, ops: Ops<State, PARENTS>, grads: &mut Grads, _: &mut Checkpointer) {
        let from_above = contiguous(&grads.consume::<Flex>(&ops.node));
        let gradients = ops.state.gradients(&from_above, PARENTS == 5);
        for (parent, gradient) in ops.parents.into_iter().zip(gradients) {
            if let Some((parent, gradient)) = parent.zip(gradient) {
                grads.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

impl State {
    /// Returns the gradients of projected, weight, bias, states and memories, where present.
    fn gradients(self, from_above: &FlexTensor, is_probed: bool) -> [Option<FlexTensor>; 5] {
        let Self { cell, sizes, states, run, weight } = self;
        let above = from_above.as_slice().unwrap_or_default();
        let weight = weight.as_slice().unwrap_or_default();
        let values = states.as_slice().unwrap_or_default();
        let gradients = backward(cell, sizes, values, &run, weight, above, is_probed);
        let projected = tensor(gradients.projected, sizes);
        let recurrent = if gradients.recurrent.is_empty() {
            projected.clone()
        } else {
            tensor(gradients.recurrent, sizes)
        };
        let Sizes { time, batch, hidden } = sizes;
        let wide = cell.gates() * hidden;
        // Σ_t h_{t−1}ᵀ δ_t; the state before the first step is zero.
        let (first, later) = recurrent.as_slice().unwrap_or_default().split_at(batch * wide);
        let before = &values[..(time - 1) * batch * hidden];
        let [weight, mut bias] = parameter_gradients(before, later, [hidden, wide]);
        for row in first.chunks_exact(wide) {
            bias.iter_mut().zip(row).for_each(|(total, value)| *total += value);
        }
        let optional = |values: Vec<f32>| (!values.is_empty()).then(|| tensor(values, sizes));
        [
            Some(projected),
            Some(FlexTensor::from_data(TensorData::new(weight, [hidden, wide]))),
            Some(FlexTensor::from_data(TensorData::new(bias, [wide]))),
            optional(gradients.states),
            optional(gradients.memories),
        ]
    }
}
