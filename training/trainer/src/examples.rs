//! A whole data set as tensors on the device.

use std::fmt;
use std::sync::Arc;

use burn::tensor::kind::Basic;
use burn::tensor::{Int, Tensor};

/// Rows that can be selected by index on the device.
pub trait Rows: Clone + Send {
    /// Returns the number of rows.
    fn rows(&self) -> usize;

    /// Selects rows; `indices` has shape `[selected]`.
    fn select_rows(&self, indices: Tensor<1, Int>) -> Self;
}

impl<const D: usize, K> Rows for Tensor<D, K>
where
    K: Basic,
    Self: Clone + Send,
{
    fn rows(&self) -> usize {
        self.dims()[0]
    }

    fn select_rows(&self, indices: Tensor<1, Int>) -> Self {
        self.clone().select(0, indices)
    }
}

/// Inputs with their targets, one pair per row: a data set or a batch of it.
///
/// The whole set stays on the device and batches are selected there by index. Burn's `DataLoader`
/// returns items one by one, which takes longer than the training step of a small network.
#[derive(Clone)]
pub struct Examples<X, Y> {
    /// Inputs, one per row.
    pub inputs: X,
    /// Targets, one per row.
    pub targets: Y,
    variation: Option<Arc<Variation<X>>>,
}

/// Changes the inputs of a training batch at an optimiser step.
type Variation<X> = dyn Fn(X, u64) -> X + Send + Sync;

impl<X, Y> fmt::Debug for Examples<X, Y>
where
    X: fmt::Debug,
    Y: fmt::Debug,
{
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inputs, targets, variation } = self;
        let mut debug = formatter.debug_struct("Examples");
        debug.field("inputs", inputs).field("targets", targets);
        debug.field("is_varied", &variation.is_some()).finish()
    }
}

impl<X: Rows, Y: Rows> Examples<X, Y> {
    /// Pairs inputs with targets.
    ///
    /// # Panics
    ///
    /// Panics if the numbers of inputs and targets differ.
    pub fn new(inputs: X, targets: Y) -> Self {
        assert_eq!(inputs.rows(), targets.rows(), "each input needs one target");
        Self { inputs, targets, variation: None }
    }

    /// Varies the inputs of every training batch, for example by shifting images; evaluations use the
    /// original inputs.
    ///
    /// The variation must depend on the step alone; otherwise a run cannot be reproduced.
    #[must_use]
    pub fn varied(self, variation: impl Fn(X, u64) -> X + Send + Sync + 'static) -> Self {
        Self { variation: Some(Arc::new(variation)), ..self }
    }

    /// Returns the number of examples.
    pub fn len(&self) -> usize {
        self.inputs.rows()
    }

    /// Tells whether there are no examples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Selects examples; `indices` has shape `[selected]`.
    pub fn select(&self, indices: Tensor<1, Int>) -> Self {
        Self {
            inputs: self.inputs.select_rows(indices.clone()),
            targets: self.targets.select_rows(indices),
            variation: None,
        }
    }

    /// Selects the training batch of a step and varies it.
    pub(crate) fn batch(&self, indices: Tensor<1, Int>, step: u64) -> Self {
        let batch = self.select(indices);
        match &self.variation {
            Some(vary) => Self { inputs: vary(batch.inputs, step), ..batch },
            None => batch,
        }
    }
}
