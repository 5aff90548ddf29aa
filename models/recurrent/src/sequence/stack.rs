//! Stacked recurrent layers in one direction or both.

use std::ops::Range;

use backdraft_hooks::Taps;
use burn::module::Module;
use burn::nn::Dropout;
use burn::tensor::{Bool, Device, Tensor, TensorData};

use super::state::{State, join, split};
use crate::layer::{LayerState, Pass, Path, RecurrentLayer};

/// Recurrent layers on top of each other, inside [`Lstm`](crate::Lstm), [`Gru`](crate::Gru) and
/// [`Rnn`](crate::Rnn). The parameters have the names of those in [`Recurrent`](crate::Recurrent).
#[derive(Module, Debug)]
pub struct Stack {
    /// The layers, first to last.
    pub layers: Vec<RecurrentLayer>,
    /// The layers of the other direction: one for each layer above, or none.
    pub reverse: Vec<RecurrentLayer>,
    /// Dropout between layers, if there is any.
    pub dropout: Option<Dropout>,
    #[module(skip)]
    pub(super) is_batch_first: bool,
    /// Whether `layers` read from the end.
    #[module(skip)]
    pub(super) is_reversed: bool,
}

/// The order in which a layer reads the steps.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Reverse,
}

impl Stack {
    /// Runs all layers; see the modules around it.
    pub(super) fn forward<S: State>(
        &self,
        input: Tensor<3>,
        state: Option<S>,
        lengths: Option<&[usize]>,
        path: Path,
        taps: &mut Taps,
    ) -> (Tensor<3>, S) {
        let turned = |tensor: Tensor<3>| {
            if self.is_batch_first { tensor.swap_dims(0, 1) } else { tensor }
        };
        let input = turned(input); // [time, batch, inputs]
        let [time, batch, _] = input.dims();
        assert!(time > 0, "a sequence has at least one time step");
        let padding = lengths.map(|lengths| Padding::new(lengths, [time, batch], &input.device()));
        let directions = 1 + usize::from(!self.reverse.is_empty());
        let count = self.layers.len() * directions;
        let mut starts = match state {
            Some(state) => split(state).into_iter().map(Some).collect(),
            None => vec![None; count],
        };
        assert_eq!(starts.len(), count, "one state for each layer and direction");
        let mut starts = starts.drain(..);
        let mut ends = Vec::with_capacity(count);
        let mut states = Padding::clear(&padding, input);
        for (index, layer) in self.layers.iter().enumerate() {
            let below = match &self.dropout {
                Some(dropout) if index > 0 => dropout.forward(states),
                _ => states,
            };
            let mut run = |layer: &RecurrentLayer, name: &str, direction| {
                let start = starts.next().flatten();
                let name = format!("{name}.{index}");
                let run = Run { path, name: &name, direction, padding: padding.as_ref() };
                let (states, end) = run.of(layer, below.clone(), start, taps);
                ends.push(end);
                Padding::clear(&padding, states)
            };
            let forward = if self.is_reversed { Direction::Reverse } else { Direction::Forward };
            states = run(layer, "layers", forward);
            if let Some(layer) = self.reverse.get(index) {
                let reverse = run(layer, "reverse", Direction::Reverse);
                states = Tensor::cat(vec![states, reverse], 2);
            }
        }
        (turned(states), join(ends))
    }
}

/// One layer's way through a sequence.
struct Run<'a> {
    path: Path,
    name: &'a str,
    direction: Direction,
    padding: Option<&'a Padding>,
}

impl Run<'_> {
    /// Returns the states in the order of time, and the state after the last step that is read.
    fn of(
        &self,
        layer: &RecurrentLayer,
        input: Tensor<3>,
        start: Option<LayerState>,
        taps: &mut Taps,
    ) -> (Tensor<3>, LayerState) {
        let is_reverse = self.direction == Direction::Reverse;
        let turned = |tensor: Tensor<3>| if is_reverse { tensor.flip([0]) } else { tensor };
        let active = self.padding.map(|padding| padding.active(self.direction));
        let active = active.unwrap_or_default();
        let pass = Pass { name: self.name, path: self.path, active: &active };
        let (states, memory) = layer.run(turned(input), start, pass, taps);
        let last = states.dims()[0] - 1;
        let hidden = states.clone().narrow(0, last, 1).squeeze_dim::<2>(0);
        (turned(states), LayerState { hidden, memory })
    }
}

/// The steps after the ends of sequences.
struct Padding {
    lengths: Vec<usize>,
    time: usize,
    /// `[time, batch, 1]`.
    mask: Tensor<3, Bool>,
}

impl Padding {
    fn new(lengths: &[usize], [time, batch]: [usize; 2], device: &Device) -> Self {
        assert_eq!(lengths.len(), batch, "one length for each sequence");
        assert!(
            lengths.iter().all(|length| *length <= time),
            "no length is above {time}: {lengths:?}"
        );
        let steps = (0..time).flat_map(|t| lengths.iter().map(move |length| t >= *length));
        let mask = TensorData::new(steps.collect::<Vec<bool>>(), [time, batch, 1]);
        Self { lengths: lengths.to_vec(), time, mask: Tensor::from_data(mask, device) }
    }

    /// Sets what follows the ends of sequences to 0.
    fn clear(padding: &Option<Self>, states: Tensor<3>) -> Tensor<3> {
        match padding {
            Some(padding) => {
                let mask = padding.mask.clone().expand(states.dims());
                states.mask_fill(mask, 0.0)
            }
            None => states,
        }
    }

    /// Returns the steps of each sequence that count, in the order that a layer reads them.
    fn active(&self, direction: Direction) -> Vec<Range<usize>> {
        let time = self.time;
        let of = |length: &usize| match direction {
            Direction::Forward => 0..*length,
            Direction::Reverse => time - length..time,
        };
        self.lengths.iter().map(of).collect()
    }
}
