//! The autodiff node around the passes.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use backdraft_layers::kernel::{contiguous, parameter_gradients};
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients as Grads;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, BackendTypes, Flex};
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::backward::{Request, backward};
use super::passes::{Bounds, Run, forward};
use super::{Cell, Sizes};
use crate::layer::LayerState;

/// Leaves that receive ∂L/∂h_t and, for an LSTM, ∂L/∂c_t of every step; `[time, batch, hidden]`.
pub(crate) struct Probes {
    pub(crate) state: Tensor<3>,
    pub(crate) memory: Tensor<3>,
}

/// What a run may have besides its parameters.
#[derive(Default)]
pub(crate) struct Extras<'a> {
    pub(crate) probes: Option<Probes>,
    /// Zeros if absent.
    pub(crate) start: Option<&'a LayerState>,
    /// Steps of each row that count; empty if all do.
    pub(crate) active: &'a [Range<usize>],
}

pub(crate) struct Output {
    /// The states, `[time, batch, hidden]`.
    pub(crate) states: Tensor<3>,
    /// An LSTM's memories without autodiff, if there are probes.
    pub(crate) memories: Option<Tensor<3>>,
    /// An LSTM's memory after the last step, `[batch, hidden]`.
    pub(crate) last_memory: Option<Tensor<2>>,
}

/// Runs a layer over time. Returns `None` if the tensors are not `f32` on the CPU back end or are
/// checkpointed.
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
    extras: &Extras<'_>,
) -> Option<Output> {
    let [time, batch, _] = projected.dims();
    let sizes = Sizes { time, batch, hidden: weight.dims()[0] };
    if projected.dtype() != DType::F32 {
        return None;
    }
    if !projected.is_autodiff() {
        return run_without_autodiff(cell, sizes, projected, weight, bias, extras);
    }
    let nodes = |tensor: &Tensor<2>| tensor.clone().try_into_primitive::<Autodiff<Flex>>().ok();
    let projected = projected.clone().try_into_primitive::<Autodiff<Flex>>().ok()?;
    let bias = bias.clone().try_into_primitive::<Autodiff<Flex>>().ok()?;
    let weight = nodes(weight)?;
    // An absent start is a constant, which receives no gradient.
    let zeros = || Tensor::<2>::zeros([1, 1], &Device::flex().autodiff());
    let start = extras.start;
    let state = nodes(&start.map_or_else(zeros, |start| start.hidden.clone()))?;
    let memory = start.and_then(|start| start.memory.clone());
    let memory = nodes(&memory.unwrap_or_else(zeros))?;
    let [x, w, b] = [projected.primitive(), weight.primitive(), bias.primitive()].map(contiguous);
    let first = start.map(|_| [state.primitive(), memory.primitive()].map(contiguous));
    let saved = Saved { first, active: extras.active.into() };
    let bounds = saved.bounds(cell);
    let mut run = forward(cell, sizes, bounds, x.as_slice()?, w.as_slice()?, b.as_slice()?, true);
    let memories = extras.probes.as_ref().and_then(|_| memories(&run.memories, sizes));
    let states = tensor(std::mem::take(&mut run.states), sizes);
    let last_memory = last(&run.memories, sizes);
    let from_last = FromLast::default();
    let of_last = LastMemoryState { from_last: from_last.clone(), sizes };
    let parents = [projected.node(), weight.node(), bias.node(), state.node(), memory.node()];
    let run = Arc::new(run);
    let saved = State { cell, sizes, states: states.clone(), run, weight: w, saved, from_last };
    let output = match &extras.probes {
        None => finish(Sequence, parents, saved, states),
        Some(probes) => {
            let [x, w, b, h, c] = parents;
            let probe = probes.state.clone().try_into_primitive::<Autodiff<Flex>>().ok()?;
            let cell_probe = probes.memory.clone().try_into_primitive::<Autodiff<Flex>>().ok()?;
            finish(Sequence, [x, w, b, h, c, probe.node(), cell_probe.node()], saved, states)
        }
    };
    let last_memory = last_memory.map(|memory| {
        Tensor::from_primitive::<Autodiff<Flex>>(finish(
            LastMemory,
            [output.node()],
            of_last,
            memory,
        ))
    });
    Some(Output { states: Tensor::from_primitive::<Autodiff<Flex>>(output), memories, last_memory })
}

fn run_without_autodiff(
    cell: Cell,
    sizes: Sizes,
    projected: &Tensor<3>,
    weight: &Tensor<2>,
    bias: &Tensor<1>,
    extras: &Extras<'_>,
) -> Option<Output> {
    let matrix = |tensor: &Tensor<2>| tensor.clone().try_into_primitive::<Flex>().ok();
    let projected = contiguous(&projected.clone().try_into_primitive::<Flex>().ok()?);
    let bias = contiguous(&bias.clone().try_into_primitive::<Flex>().ok()?);
    let weight = contiguous(&matrix(weight)?);
    let (weight, bias) = (weight.as_slice()?, bias.as_slice()?);
    let first = match extras.start {
        None => None,
        Some(LayerState { hidden: state, memory }) => {
            let state = contiguous(&matrix(state)?);
            let memory = memory.as_ref().map_or(Some(state.clone()), matrix)?;
            Some([state, contiguous(&memory)])
        }
    };
    let saved = Saved { first, active: extras.active.into() };
    let bounds = saved.bounds(cell);
    let run = forward(cell, sizes, bounds, projected.as_slice()?, weight, bias, false);
    let memories = extras.probes.as_ref().and_then(|_| memories(&run.memories, sizes));
    let last_memory = last(&run.memories, sizes).map(Tensor::from_primitive::<Flex>);
    let states = Tensor::from_primitive::<Flex>(tensor(run.states, sizes));
    Some(Output { states, memories, last_memory })
}

/// A tensor with its node in the graph.
type Tracked = <Autodiff<Flex> as BackendTypes>::FloatTensorPrimitive;

/// Adds a node to the graph.
fn finish<B, const PARENTS: usize>(
    operation: B,
    parents: [NodeGuard; PARENTS],
    state: B::State,
    output: FlexTensor,
) -> Tracked
where
    B: Backward<Flex, PARENTS>,
{
    match operation.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(state, output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    }
}

/// `[batch, hidden]` of the last step, if there are memories.
fn last(memories: &[f32], Sizes { batch, hidden, .. }: Sizes) -> Option<FlexTensor> {
    let last = memories.len().checked_sub(batch * hidden)?;
    let is_there = !memories.is_empty();
    let values = || TensorData::new(memories[last..].to_vec(), [batch, hidden]);
    is_there.then(|| FlexTensor::from_data(values()))
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

/// What the first step started from, and the steps that counted.
#[derive(Clone, Debug)]
struct Saved {
    first: Option<[FlexTensor; 2]>,
    active: Arc<[Range<usize>]>,
}

impl Saved {
    fn bounds(&self, cell: Cell) -> Bounds<'_> {
        let values = |which: usize| {
            let first = self.first.as_ref();
            first.and_then(|first| first[which].as_slice()).unwrap_or_default()
        };
        let memory = if cell == Cell::Lstm { values(1) } else { &[] };
        Bounds { state: values(0), memory, active: &self.active }
    }
}

/// ∂L/∂c of the last step, which [`LastMemory`] leaves for [`Sequence`].
type FromLast = Arc<Mutex<Option<FlexTensor>>>;

/// State for the backward pass.
#[derive(Clone, Debug)]
struct State {
    cell: Cell,
    sizes: Sizes,
    /// Shared with the output, and therefore taken out of `run`.
    states: FlexTensor,
    run: Arc<Run>,
    weight: FlexTensor,
    saved: Saved,
    from_last: FromLast,
}

/// Parents: projected, weight, bias, first state and memory; with probes, also those of states and
/// memories.
#[derive(Debug)]
struct Sequence;

impl<const PARENTS: usize> Backward<Flex, PARENTS> for Sequence {
    type State = State;

    fn backward(self, ops: Ops<State, PARENTS>, grads: &mut Grads, _: &mut Checkpointer) {
        let from_above = contiguous(&grads.consume::<Flex>(&ops.node));
        let wants_start = ops.parents[3..5].iter().any(Option::is_some);
        let gradients = ops.state.gradients(&from_above, PARENTS == 7, wants_start);
        for (parent, gradient) in ops.parents.into_iter().zip(gradients) {
            if let Some((parent, gradient)) = parent.zip(gradient) {
                grads.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

/// An LSTM's memory after the last step. Its parent is the sequence of states, which goes back
/// after it.
#[derive(Debug)]
struct LastMemory;

#[derive(Clone, Debug)]
struct LastMemoryState {
    from_last: FromLast,
    sizes: Sizes,
}

impl Backward<Flex, 1> for LastMemory {
    type State = LastMemoryState;

    fn backward(self, ops: Ops<LastMemoryState, 1>, grads: &mut Grads, _: &mut Checkpointer) {
        let gradient = contiguous(&grads.consume::<Flex>(&ops.node));
        let LastMemoryState { from_last, sizes: Sizes { time, batch, hidden } } = ops.state;
        *from_last.lock().unwrap_or_else(PoisonError::into_inner) = Some(gradient);
        let [parent] = ops.parents;
        if let Some(parent) = parent {
            // The states may have no other gradient, and would then not go back at all.
            let zeros = TensorData::new(vec![0.0f32; time * batch * hidden], [time, batch, hidden]);
            grads.register::<Flex>(parent.id, FlexTensor::from_data(zeros));
        }
    }
}

impl State {
    /// Returns the gradients of projected, weight, bias, first state and memory, states and
    /// memories, where present.
    fn gradients(
        self,
        from_above: &FlexTensor,
        is_probed: bool,
        wants_start: bool,
    ) -> [Option<FlexTensor>; 7] {
        let Self { cell, sizes, states, run, weight, saved, from_last } = self;
        let values = states.as_slice().unwrap_or_default();
        let weight = weight.as_slice().unwrap_or_default();
        let last_memory = from_last.lock().unwrap_or_else(PoisonError::into_inner).take();
        let last_memory = last_memory.as_ref().and_then(FlexTensor::as_slice).unwrap_or_default();
        let above = from_above.as_slice().unwrap_or_default();
        let request = Request { states: above, last_memory, is_probed, wants_start };
        let bounds = saved.bounds(cell);
        let gradients = backward(cell, sizes, bounds, values, &run, weight, request);
        let projected = tensor(gradients.projected, sizes);
        let recurrent = if gradients.recurrent.is_empty() {
            projected.clone()
        } else {
            tensor(gradients.recurrent, sizes)
        };
        let [weight, bias] = recurrent_gradients(cell, sizes, bounds.state, values, &recurrent);
        let Sizes { batch, hidden, .. } = sizes;
        let wide = cell.gates() * hidden;
        let optional = |values: Vec<f32>| (!values.is_empty()).then(|| tensor(values, sizes));
        let [state, memory] = gradients.start.map(|values| {
            let is_there = !values.is_empty();
            is_there.then(|| FlexTensor::from_data(TensorData::new(values, [batch, hidden])))
        });
        [
            Some(projected),
            Some(FlexTensor::from_data(TensorData::new(weight, [hidden, wide]))),
            Some(FlexTensor::from_data(TensorData::new(bias, [wide]))),
            state,
            memory,
            optional(gradients.states),
            optional(gradients.memories),
        ]
    }
}

/// Returns ∂L/∂U and ∂L/∂b': Σ_t h_{t−1}ᵀ δ_t and Σ_t δ_t.
fn recurrent_gradients(
    cell: Cell,
    Sizes { time, batch, hidden }: Sizes,
    first_state: &[f32],
    states: &[f32],
    recurrent: &FlexTensor,
) -> [Vec<f32>; 2] {
    let wide = cell.gates() * hidden;
    let (first, later) = recurrent.as_slice().unwrap_or_default().split_at(batch * wide);
    let before = &states[..(time - 1) * batch * hidden];
    let [mut weight, mut bias] = parameter_gradients(before, later, [hidden, wide]);
    let add = |total: &mut [f32], row: &[f32]| {
        total.iter_mut().zip(row).for_each(|(total, value)| *total += value);
    };
    first.chunks_exact(wide).for_each(|row| add(&mut bias, row));
    if !first_state.is_empty() {
        let [of_first, _] = parameter_gradients(first_state, first, [hidden, wide]);
        add(&mut weight, &of_first);
    }
    [weight, bias]
}
