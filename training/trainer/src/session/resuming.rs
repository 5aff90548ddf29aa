//! Takes, stores and restores the checkpoints of a session.

use burn::module::Module;

use super::{Held, Session};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::config::TrainerConfig;
use crate::error::TrainError;
use crate::keeper::Decision;
use crate::lesson::Split;
use crate::listener::Listener;
use crate::order::BatchOrder;
use crate::trainer::Outcome;

impl<M: Module> Session<'_, M> {
    /// Takes a checkpoint of the state before the next step.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] if Burn cannot write module or optimiser.
    pub fn checkpoint(&self) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::take(self.step, &*self.model, &self.optimizer)
    }

    /// Continues from a checkpoint.
    ///
    /// # Errors
    ///
    /// [`TrainError::Checkpoint`] if it does not fit.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        let step = checkpoint.step();
        let (model, optimizer) = checkpoint
            .restore(self.model.clone(), self.config.optimizer.init())
            .map_err(|source| TrainError::Checkpoint { step, source })?;
        (self.model, self.optimizer) = (Held::new(model), optimizer);
        (self.step, self.outcome) = (step, None);
        self.rates = self.config.rates()?;
        (0..step).for_each(|_| drop(self.rates.step()));
        let TrainerConfig { seed, batch_size, .. } = self.config;
        self.order = BatchOrder::new(seed, self.lesson.examples(Split::Train), batch_size);
        self.order.skip(step);
        self.guard.keep(self.guard.copy(&self.model));
        Ok(())
    }

    /// Stores a checkpoint if the listener's keeper wants one; tells whether the keeper stops the run.
    pub(super) fn is_to_stop<L: Listener + ?Sized>(
        &mut self,
        listener: &mut L,
    ) -> Result<bool, TrainError> {
        let step = self.step;
        let Some(keeper) = listener.keeper() else { return Ok(false) };
        let decision = keeper.decide(step);
        if decision != Decision::GoOn {
            let checkpoint =
                self.checkpoint().map_err(|source| TrainError::Checkpoint { step, source })?;
            keeper.keep(checkpoint).map_err(|source| TrainError::Record { step, source })?;
        }
        if decision == Decision::KeepAndStop {
            self.outcome = Some(Outcome::Interrupted { step });
        }
        Ok(self.outcome.is_some())
    }
}
