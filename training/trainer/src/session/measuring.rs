//! Reads numbers back from the device and turns them into rows.

use std::iter::once;

use backdraft_hooks::read_back;
use backdraft_rows::{QuantityName, Row};
use burn::module::Module;
use burn::tensor::{Tensor, TensorData};

use super::{Session, indices};
use crate::error::TrainError;
use crate::lesson::Split;
use crate::listener::Listener;

/// Examples scored at once in an evaluation, which bounds its memory.
const EVALUATION_BATCH: usize = 1_024;

/// Numbers read back from the device.
pub(super) struct Read {
    pub(super) values: Vec<f64>,
    /// Always true in host memory, where gradients are checked instead.
    pub(super) are_weights_finite: bool,
}

/// Scores of a split.
pub(super) struct Scores {
    pub(super) loss: f64,
    pub(super) rows: Vec<Row>,
    pub(super) are_weights_finite: bool,
}

impl<M: Module> Session<'_, M> {
    /// Waits for the device once and reads numbers, shape `[1]` each.
    pub(super) fn read(
        &self,
        numbers: impl IntoIterator<Item = Tensor<1>>,
    ) -> Result<Read, TrainError> {
        let mut queued: Vec<_> = numbers.into_iter().map(Tensor::without_autodiff).collect();
        let bad_weights = self.guard.queue(&self.model);
        let is_watched = bad_weights.is_some();
        queued.extend(bad_weights);
        if queued.is_empty() {
            return Ok(Read { values: Vec::new(), are_weights_finite: true });
        }
        let read = read_back(queued).map_err(|source| self.failed(source))?;
        let mut values: Vec<f64> = read.iter().flat_map(TensorData::iter::<f64>).collect();
        let bad_weights = if is_watched { values.pop() } else { None };
        Ok(Read { values, are_weights_finite: bad_weights.is_none_or(|count| count == 0.0) })
    }

    /// Scores all examples of a split without autodiff: mean loss and, if the objective defines it, the
    /// share of correct answers.
    pub(super) fn evaluate(&mut self, split: Split) -> Result<Scores, TrainError> {
        let model = self.model.valid();
        let count = self.lesson.examples(split);
        let (mut loss, mut correct, mut are_weights_finite) = (0.0, None, true);
        for start in (0..count).step_by(EVALUATION_BATCH) {
            let end = (start + EVALUATION_BATCH).min(count);
            let batch: Vec<i32> = (start as i32..end as i32).collect();
            let batch = indices(&batch, &self.device);
            let (mean, answers) = self.lesson.score(&model, split, batch);
            let read = self.read(once(mean).chain(answers))?;
            are_weights_finite &= read.are_weights_finite;
            loss += read.values.first().copied().unwrap_or(f64::NAN) * (end - start) as f64;
            if let Some(answers) = read.values.get(1) {
                *correct.get_or_insert(0.0) += answers;
            }
        }
        if are_weights_finite {
            self.guard.keep(Some(model));
        }
        let (step, loss) = (self.step, loss / count as f64);
        let mut rows = vec![Row::of_network(step, split.loss(), loss)];
        if let Some(correct) = correct {
            rows.push(Row::of_network(step, split.accuracy(), correct / count as f64));
        }
        Ok(Scores { loss, rows, are_weights_finite })
    }
}

pub(super) fn record<L: Listener + ?Sized>(
    listener: &mut L,
    step: u64,
    rows: &[Row],
) -> Result<(), TrainError> {
    listener.record(rows).map_err(|source| TrainError::Record { step, source })
}

/// Tells whether the gradient of some parameter is not finite.
pub(super) fn has_bad_gradient(rows: &[Row]) -> bool {
    rows.iter().any(|row| row.quantity == QuantityName::GRADIENT_NORM && !row.value.is_finite())
}
