//! States of stacked layers.

use burn::nn::LstmState;
use burn::tensor::Tensor;

use crate::layer::LayerState;

/// The state of stacked recurrent layers: `[layers × directions, batch, hidden]`, in Burn's types.
pub trait State: Sized + sealed::Sealed {
    /// Returns the hidden states and, for an LSTM, the cell states.
    fn into_parts(self) -> (Tensor<3>, Option<Tensor<3>>);

    /// The reverse of [`into_parts`](Self::into_parts). Without a cell state, it is the hidden one's
    /// twin.
    fn from_parts(hidden: Tensor<3>, cell: Option<Tensor<3>>) -> Self;
}

mod sealed {
    use burn::nn::LstmState;
    use burn::tensor::Tensor;

    pub trait Sealed {}
    impl Sealed for LstmState<3> {}
    impl Sealed for Tensor<3> {}
}

impl State for LstmState<3> {
    fn into_parts(self) -> (Tensor<3>, Option<Tensor<3>>) {
        (self.hidden, Some(self.cell))
    }

    fn from_parts(hidden: Tensor<3>, cell: Option<Tensor<3>>) -> Self {
        let cell = cell.unwrap_or_else(|| hidden.clone());
        Self { cell, hidden }
    }
}

impl State for Tensor<3> {
    fn into_parts(self) -> (Tensor<3>, Option<Tensor<3>>) {
        (self, None)
    }

    fn from_parts(hidden: Tensor<3>, _: Option<Tensor<3>>) -> Self {
        hidden
    }
}

/// Splits a state into those of the layers.
pub(super) fn split<S: State>(state: S) -> Vec<LayerState> {
    let (hidden, cell) = state.into_parts();
    let each = |tensor: Tensor<3>| {
        tensor.split(1, 0).into_iter().map(|part| part.squeeze_dim::<2>(0)).collect::<Vec<_>>()
    };
    let hidden = each(hidden);
    match cell.map(each) {
        None => hidden.into_iter().map(|hidden| LayerState { hidden, memory: None }).collect(),
        Some(cell) => hidden
            .into_iter()
            .zip(cell)
            .map(|(hidden, memory)| LayerState { hidden, memory: Some(memory) })
            .collect(),
    }
}

/// Joins the states of layers.
pub(super) fn join<S: State>(states: Vec<LayerState>) -> S {
    let (hidden, memories): (Vec<_>, Vec<_>) =
        states.into_iter().map(|state| (state.hidden, state.memory)).unzip();
    let memories: Option<Vec<_>> = memories.into_iter().collect();
    S::from_parts(Tensor::stack(hidden, 0), memories.map(|memories| Tensor::stack(memories, 0)))
}
