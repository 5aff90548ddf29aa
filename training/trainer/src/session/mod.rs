//! A training run, step by step.

mod ending;
mod held;
mod looking;
mod measuring;
mod resuming;
#[cfg(test)]
mod tests;

use backdraft_hooks::{GradientHook, Observation, ObservationError, Taps};
use backdraft_rows::{QuantityName, Row, Subject, not_finite_origin};
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, ExecutionError, Int, Tensor, TensorData};

use crate::clipping::{Clipped, clip};
use crate::config::TrainerConfig;
use crate::error::TrainError;
use crate::guard::Guard;
use crate::lesson::{Lesson, Split};
use crate::listener::{Listener, Look, Progress};
use crate::order::BatchOrder;
use crate::trainer::Outcome;
use held::Held;
use measuring::{Read, has_bad_gradient, record};

/// A training run that the caller steps through; created by [`Trainer::start`](crate::Trainer::start).
///
/// Between steps, the caller may inspect the [model](Self::model), take or restore a
/// [checkpoint](Self::checkpoint), or stop. To compute gradients in another way, for example over several
/// batches, call [`apply`](Self::apply) instead of [`step`](Self::step).
pub struct Session<'a, M> {
    config: TrainerConfig,
    device: Device,
    lesson: Box<dyn Lesson<M> + 'a>,
    hook: &'a mut GradientHook,
    /// Measures everything, once a listener has asked for a close look.
    close_hook: Option<GradientHook>,
    model: Held<M>,
    optimizer: ModuleOptimizer,
    rates: ModuleLrScheduler,
    order: BatchOrder,
    guard: Guard<M>,
    /// The step that comes next.
    step: u64,
    outcome: Option<Outcome>,
}

/// A step that was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// Its number, from 0.
    pub step: u64,
    /// The loss of its batch, if it was read back at this step.
    pub loss: Option<f64>,
}

/// The results of a backward pass.
struct Pass {
    gradients: GradientsParams,
    observation: Option<Observation>,
    /// What a close look has seen besides.
    close: Option<Observation>,
}

impl<'a, M: Module> Session<'a, M> {
    pub(crate) fn new(
        config: &TrainerConfig,
        device: &Device,
        lesson: Box<dyn Lesson<M> + 'a>,
        model: M,
        hook: &'a mut GradientHook,
    ) -> Result<Self, TrainError> {
        Ok(Self {
            optimizer: config.optimizer.init(),
            rates: config.rates()?,
            order: BatchOrder::new(config.seed, lesson.examples(Split::Train), config.batch_size),
            guard: Guard::new(&model),
            config: config.clone(),
            device: device.clone(),
            lesson,
            hook,
            close_hook: None,
            model: Held::new(model),
            step: 0,
            outcome: None,
        })
    }

    /// Returns the current model.
    ///
    /// # Panics
    ///
    /// Panics if an earlier step panicked: the model was lost with it.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// Returns the number of the next step, which is the number of steps taken.
    pub fn next_step(&self) -> u64 {
        self.step
    }

    /// Returns how training ended; `None` if it has not.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Takes one step, after an evaluation if one is due, and passes measurements to the listener.
    /// Returns `None` once training has ended; [`outcome`](Self::outcome) then tells how.
    ///
    /// # Errors
    ///
    /// [`TrainError`] if the device fails, the listener cannot record, a checkpoint cannot be kept, or
    /// the loss does not depend on a trained parameter.
    pub fn step<L: Listener + ?Sized>(
        &mut self,
        listener: &mut L,
    ) -> Result<Option<Step>, TrainError> {
        if self.has_ended() || self.is_to_stop(listener)? || self.ends_at_evaluation(listener)? {
            return Ok(None);
        }
        let step = self.step;
        let is_looked_at = step.is_multiple_of(self.config.loss_every);
        let copy = if is_looked_at { self.guard.copy(&self.model) } else { None };
        let look = listener.look(step);
        let (loss, pass) = self.backward(look, listener)?;
        let loss = if is_looked_at {
            let Read { values, are_weights_finite } = self.read([loss])?;
            let loss = values.first().copied().unwrap_or(f64::NAN);
            record(listener, step, &[Row::of_network(step, QuantityName::LOSS, loss)])?;
            listener.progress(Progress { step, steps: self.config.steps, loss });
            if !loss.is_finite() || !are_weights_finite {
                self.diverge(Some(pass), are_weights_finite, listener)?;
                return Ok(None);
            }
            self.guard.keep(copy);
            Some(loss)
        } else if look >= Look::Closely {
            // Only recorded: what the training looks at decides how it ends.
            let loss = self.read([loss])?.values.first().copied().unwrap_or(f64::NAN);
            record(listener, step, &[Row::of_network(step, QuantityName::LOSS, loss)])?;
            Some(loss)
        } else {
            None
        };
        let is_taken = self.update(pass, listener)?;
        Ok(is_taken.then_some(Step { step, loss }))
    }

    /// Takes one step with gradients that the caller computed, for example accumulated over several
    /// batches. Like those of [`step`](Self::step), they are observed, checked and clipped. Returns
    /// `None` once training has ended.
    ///
    /// # Errors
    ///
    /// [`TrainError`] if the device fails or the listener cannot record.
    pub fn apply<L: Listener + ?Sized>(
        &mut self,
        gradients: GradientsParams,
        listener: &mut L,
    ) -> Result<Option<Step>, TrainError> {
        self.apply_with_taps(gradients, &Taps::off(), listener)
    }

    /// Returns the taps of the next step, for gradients that the caller computes; see
    /// [`apply_with_taps`](Self::apply_with_taps).
    pub fn taps(&self) -> Taps {
        self.hook.taps(self.step)
    }

    /// Takes one step like [`apply`](Self::apply) and lets the hook observe what [`taps`](Self::taps) saw.
    /// After each backward pass, call [`Taps::accumulate`].
    ///
    /// # Errors
    ///
    /// [`TrainError`] if the device fails or the listener cannot record.
    pub fn apply_with_taps<L: Listener + ?Sized>(
        &mut self,
        gradients: GradientsParams,
        taps: &Taps,
        listener: &mut L,
    ) -> Result<Option<Step>, TrainError> {
        if self.has_ended() {
            return Ok(None);
        }
        let step = self.step;
        let observation = self.hook.observe_with_taps(step, &*self.model, &gradients, taps);
        let close = self.close_look(listener.look(step), &gradients, taps);
        let pass = Pass { gradients, observation, close };
        if step.is_multiple_of(self.config.loss_every) {
            if !self.read([])?.are_weights_finite {
                self.diverge(Some(pass), false, listener)?;
                return Ok(None);
            }
            self.guard.keep(self.guard.copy(&self.model));
        }
        let is_taken = self.update(pass, listener)?;
        Ok(is_taken.then_some(Step { step, loss: None }))
    }

    /// Runs the next batch forward and backward.
    fn backward<L: Listener + ?Sized>(
        &mut self,
        look: Look,
        listener: &mut L,
    ) -> Result<(Tensor<1>, Pass), TrainError> {
        let step = self.step;
        let mut taps = self.taps_for(look);
        let batch = self.order.next_batch().to_vec();
        let loss = self.lesson.loss(&self.model, indices(&batch, &self.device), step, &mut taps);
        if !loss.is_tracked() {
            return Err(TrainError::NotDifferentiable);
        }
        let mut gradients = loss.backward();
        let planned = if self.hook.taps(step).is_on() { &taps } else { &Taps::off() };
        let observation = self.hook.observe_with_taps(step, &*self.model, &gradients, planned);
        let close = self.close_look(look, &gradients, &taps);
        let gradients = GradientsParams::from_module(&mut gradients, &*self.model);
        if look == Look::AtExamples {
            listener.examples(self.look_at_examples(&batch)?);
        }
        Ok((loss, Pass { gradients, observation, close }))
    }

    /// Takes the optimiser step unless a gradient is not finite; tells whether it was taken.
    fn update<L: Listener + ?Sized>(
        &mut self,
        pass: Pass,
        listener: &mut L,
    ) -> Result<bool, TrainError> {
        if self.guard.are_finite(&self.model, &pass.gradients) == Some(false) {
            self.diverge(Some(pass), true, listener)?;
            return Ok(false);
        }
        let Pass { mut gradients, observation, close } = pass;
        let mut clipped = None;
        if let Some(clipping) = self.config.clipping {
            let is_told = observation.is_some() || close.is_some();
            (gradients, clipped) = clip(clipping, &*self.model, gradients, is_told)
                .map_err(|source| self.failed(source))?;
        }
        // On an accelerator, only the observation tells whether the gradients were finite.
        let before = (observation.is_some() && self.guard.is_late()).then(|| self.model.clone());
        let rate = self.rates.step();
        self.model.change(|model| self.optimizer.step(rate, model, gradients));
        if let Some(close) = close {
            let mut rows = self.rows_after_step(close)?;
            rows.extend(self.clipped_rows(clipped.as_ref()));
            record(listener, self.step, &rows)?;
        }
        if let Some(observation) = observation {
            let mut rows = self.rows_after_step(observation)?;
            rows.extend(self.clipped_rows(clipped.as_ref()));
            record(listener, self.step, &rows)?;
            if let Some(before) = before.filter(|_| has_bad_gradient(&rows)) {
                let origin = not_finite_origin(&rows);
                self.take_back(before, origin.map_or(Subject::NETWORK, |origin| origin.subject))?;
                return Ok(false);
            }
        }
        self.step += 1;
        Ok(true)
    }

    fn clipped_rows(&self, clipped: Option<&Clipped>) -> impl Iterator<Item = Row> {
        let row = |quantity, norm| Row::of_network(self.step, quantity, norm);
        let rows = clipped.map(|clipped| {
            [
                row(QuantityName::GLOBAL_GRADIENT_NORM, clipped.norm_before),
                row(QuantityName::CLIPPED_GRADIENT_NORM, clipped.norm_after),
            ]
        });
        rows.into_iter().flatten()
    }

    /// Completes an observation, with the optimiser's moments if a quantity reads them.
    fn rows_after_step(&self, observation: Observation) -> Result<Vec<Row>, TrainError> {
        let step = self.step;
        match self.config.optimizer.moment_constants() {
            Some(constants) if observation.reads_moments() => observation
                .rows_after_optimizer(&*self.model, &self.optimizer, constants)
                .map_err(|error| match error {
                    ObservationError::Device(source) => TrainError::Device { step, source },
                    other => TrainError::Record { step, source: std::io::Error::other(other) },
                }),
            _ => {
                let rows = observation.rows_after_step(&*self.model);
                rows.map_err(|source| self.failed(source))
            }
        }
    }

    /// Returns the error for a failure of the device at this step.
    fn failed(&self, source: ExecutionError) -> TrainError {
        TrainError::Device { step: self.step, source }
    }
}

fn indices(indices: &[i32], device: &Device) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(indices.to_vec(), [indices.len()]), device)
}
