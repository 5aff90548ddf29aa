//! Close looks at a step, for replays.

use backdraft_hooks::{
    ATTENTION, GradientHook, GradientSource, OPTIMIZER, Observation, PRECISION, QUANTITIES,
    Schedule, TappedActivation, Taps, read_back,
};
use burn::module::Module;
use burn::tensor::{ExecutionError, Tensor, TensorData};

use super::{Session, indices};
use crate::error::TrainError;
use crate::listener::Look;
use crate::replay::{ExampleBatch, ExampleGradient, MOST_EXAMPLES, example_gradients};

impl<M: Module> Session<'_, M> {
    pub(super) fn taps_for(&self, look: Look) -> Taps {
        if look >= Look::Closely { Taps::on() } else { self.hook.taps(self.step) }
    }

    /// Observes every quantity if the look is a close one.
    pub(super) fn close_look<G: GradientSource>(
        &mut self,
        look: Look,
        gradients: &G,
        taps: &Taps,
    ) -> Option<Observation> {
        if look < Look::Closely {
            return None;
        }
        let hook = self.close_hook.get_or_insert_with(|| {
            let quantities = [QUANTITIES, ATTENTION, OPTIMIZER, PRECISION].concat();
            GradientHook::new(&quantities, Schedule::Every(1))
        });
        hook.observe_with_taps(self.step, &*self.model, gradients, taps)
    }

    /// Measures the gradient and the largest activations of each example of this step's batch, of the
    /// first [`MOST_EXAMPLES`] if there are more.
    pub(super) fn look_at_examples(&self, batch: &[i32]) -> Result<ExampleBatch, TrainError> {
        let count = batch.len().min(MOST_EXAMPLES);
        let loss = |model: &M, rows: &[usize], taps: &mut Taps| {
            let rows: Vec<i32> = rows.iter().map(|row| *row as i32).collect();
            let [batch, rows] = [batch, &rows].map(|numbers| indices(numbers, &self.device));
            self.lesson.loss_among(model, batch, self.step, rows, taps)
        };
        let norms = example_gradients(&*self.model, count, |model, rows| {
            loss(model, rows, &mut Taps::off())
        });
        let norms = norms.map_err(|source| self.failed(source))?;
        let mut examples = Vec::new();
        for (row, norm) in norms.into_iter().enumerate() {
            let mut taps = Taps::on();
            loss(&self.model, &[row], &mut taps);
            let activation = largest_mean(&taps).map_err(|source| self.failed(source))?;
            examples.push(ExampleGradient { row, example: batch[row] as usize, norm, activation });
        }
        Ok(ExampleBatch { step: self.step, size: batch.len(), examples })
    }
}

/// Returns the largest mean magnitude of a tapped activation; one that is not finite is the largest.
fn largest_mean(taps: &Taps) -> Result<Option<f64>, ExecutionError> {
    let mean = |tapped: &TappedActivation| {
        tapped.activation().without_autodiff().abs().mean().reshape([1])
    };
    let means: Vec<Tensor<1>> = taps.tapped().iter().map(mean).collect();
    if means.is_empty() {
        return Ok(None);
    }
    let means = read_back(means)?;
    let means = means.iter().flat_map(TensorData::iter::<f64>);
    Ok(means.reduce(|a, b| if a.is_finite() && (b.is_nan() || b > a) { b } else { a }))
}
