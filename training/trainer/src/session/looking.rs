//! Close looks at a step, for replays.

use backdraft_hooks::{
    ATTENTION, GradientHook, GradientSource, OPTIMIZER, Observation, PRECISION, QUANTITIES,
    Schedule, Taps,
};
use burn::module::Module;

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

    /// Measures the gradient of each example of this step's batch, of the first
    /// [`MOST_EXAMPLES`] if there are more.
    pub(super) fn look_at_examples(&self, batch: &[i32]) -> Result<ExampleBatch, TrainError> {
        let count = batch.len().min(MOST_EXAMPLES);
        let norms = example_gradients(&*self.model, count, |model, rows| {
            let rows: Vec<i32> = rows.iter().map(|row| *row as i32).collect();
            let [batch, rows] = [batch, &rows].map(|numbers| indices(numbers, &self.device));
            self.lesson.loss_among(model, batch, self.step, rows)
        });
        let norms = norms.map_err(|source| self.failed(source))?;
        let of_row = |(row, norm)| ExampleGradient { row, example: batch[row] as usize, norm };
        let examples = norms.into_iter().enumerate().map(of_row).collect();
        Ok(ExampleBatch { step: self.step, size: batch.len(), examples })
    }
}
