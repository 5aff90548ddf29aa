//! What a model learns: the data, the forward pass and the objective.

use std::marker::PhantomData;

use backdraft_hooks::Taps;
use backdraft_rows::QuantityName;
use burn::module::Module;
use burn::tensor::{Int, Tensor};

use crate::examples::{Examples, Rows};
use crate::objective::Objective;
use crate::trainer::Splits;

/// A part of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Split {
    Train,
    Test,
}

impl Split {
    /// What the mean loss of its examples is called.
    pub(crate) fn loss(self) -> QuantityName {
        match self {
            Self::Train => QuantityName::TRAIN_LOSS,
            Self::Test => QuantityName::TEST_LOSS,
        }
    }

    /// What the share of correct answers is called.
    pub(crate) fn accuracy(self) -> QuantityName {
        match self {
            Self::Train => QuantityName::TRAIN_ACCURACY,
            Self::Test => QuantityName::TEST_ACCURACY,
        }
    }
}

/// Data, forward pass and objective together, so that a session need not name their types.
pub(crate) trait Lesson<M> {
    /// Returns the number of examples.
    fn examples(&self, split: Split) -> usize;

    /// Returns the loss of the training batch with `indices` at a step, shape `[1]`.
    fn loss(&self, model: &M, indices: Tensor<1, Int>, step: u64, taps: &mut Taps) -> Tensor<1>;

    /// Returns the mean loss of some rows of the training batch with `indices`, shape `[1]`.
    fn loss_among(
        &self,
        model: &M,
        indices: Tensor<1, Int>,
        step: u64,
        rows: Tensor<1, Int>,
        taps: &mut Taps,
    ) -> Tensor<1>;

    /// Returns the mean loss of the examples with `indices` and, if the objective counts them, the number
    /// of correct answers, shape `[1]` each.
    fn score(
        &self,
        model: &M,
        split: Split,
        indices: Tensor<1, Int>,
    ) -> (Tensor<1>, Option<Tensor<1>>);
}

/// The only implementation of [`Lesson`]; `O` is the type of a model's outputs.
pub(crate) struct Task<'a, X, Y, O, F, J> {
    pub(crate) data: Splits<'a, X, Y>,
    pub(crate) forward: F,
    pub(crate) objective: &'a J,
    pub(crate) outputs: PhantomData<fn() -> O>,
}

impl<X, Y, O, F, J> Task<'_, X, Y, O, F, J> {
    fn split(&self, split: Split) -> &Examples<X, Y> {
        match split {
            Split::Train => self.data.train,
            Split::Test => self.data.test,
        }
    }
}

impl<M, X, Y, O, F, J> Lesson<M> for Task<'_, X, Y, O, F, J>
where
    M: Module,
    X: Rows,
    Y: Rows,
    O: Clone,
    F: Fn(&M, X, &mut Taps) -> O,
    J: Objective<O, Y>,
{
    fn examples(&self, split: Split) -> usize {
        self.split(split).len()
    }

    fn loss(&self, model: &M, indices: Tensor<1, Int>, step: u64, taps: &mut Taps) -> Tensor<1> {
        let batch = self.data.train.batch(indices, step);
        let outputs = (self.forward)(model, batch.inputs, taps);
        self.objective.loss(outputs, batch.targets)
    }

    fn loss_among(
        &self,
        model: &M,
        indices: Tensor<1, Int>,
        step: u64,
        rows: Tensor<1, Int>,
        taps: &mut Taps,
    ) -> Tensor<1> {
        // Varied whole, because an example's variation may depend on its row.
        let batch = self.data.train.batch(indices, step).select(rows);
        let outputs = (self.forward)(model, batch.inputs, taps);
        self.objective.loss(outputs, batch.targets)
    }

    fn score(
        &self,
        model: &M,
        split: Split,
        indices: Tensor<1, Int>,
    ) -> (Tensor<1>, Option<Tensor<1>>) {
        let batch = self.split(split).select(indices);
        let outputs = (self.forward)(model, batch.inputs, &mut Taps::off());
        let loss = self.objective.loss(outputs.clone(), batch.targets.clone());
        (loss, self.objective.correct(outputs, batch.targets))
    }
}
