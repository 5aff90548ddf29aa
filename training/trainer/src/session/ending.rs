//! Evaluations, divergence and the end of a session.

use backdraft_hooks::{GradientHook, GradientNorm, Quantity, Schedule, WeightNorm};
use backdraft_rows::{Row, Subject, not_finite_origin};
use burn::module::Module;
use burn::optim::GradientsParams;

use super::measuring::record;
use super::{Held, Pass, Session};
use crate::error::TrainError;
use crate::guard::before_forward;
use crate::lesson::Split;
use crate::listener::{Listener, Progress};
use crate::trainer::Outcome;

impl<M: Module> Session<'_, M> {
    /// Ends training and returns the model with the outcome. If all steps were taken, scores both splits
    /// first; if steps remain, the outcome is [`Outcome::Interrupted`].
    ///
    /// # Errors
    ///
    /// [`TrainError`] if the device fails or the listener cannot record.
    pub fn finish<L: Listener + ?Sized>(
        mut self,
        listener: &mut L,
    ) -> Result<(M, Outcome), TrainError> {
        if self.has_ended() && self.outcome == Some(Outcome::Finished) {
            self.score(listener)?;
        }
        let outcome = self.outcome.unwrap_or(Outcome::Interrupted { step: self.step });
        let model = self.model.into_inner().ok_or(TrainError::Lost)?;
        Ok((model, outcome))
    }

    /// Tells whether no step remains.
    pub(super) fn has_ended(&mut self) -> bool {
        if self.outcome.is_none() && self.step >= self.config.steps {
            self.step = self.config.steps;
            self.outcome = Some(Outcome::Finished);
        }
        self.outcome.is_some()
    }

    /// Scores the test examples if an evaluation is due; tells whether training ends with it.
    pub(super) fn ends_at_evaluation<L: Listener + ?Sized>(
        &mut self,
        listener: &mut L,
    ) -> Result<bool, TrainError> {
        let every = self.config.evaluate_every;
        if every == 0 || !self.step.is_multiple_of(every) {
            return Ok(false);
        }
        let test = self.evaluate(Split::Test)?;
        if !test.are_weights_finite {
            self.diverge(None, false, listener)?;
            return Ok(true);
        }
        record(listener, self.step, &test.rows)?;
        if self.config.stop_below.is_some_and(|bound| test.loss < bound) {
            self.outcome = Some(Outcome::Finished);
        }
        Ok(self.outcome.is_some())
    }

    /// Scores both splits after the last step.
    fn score<L: Listener + ?Sized>(&mut self, listener: &mut L) -> Result<(), TrainError> {
        let step = self.step;
        for split in [Split::Test, Split::Train] {
            let scores = self.evaluate(split)?;
            if !scores.are_weights_finite {
                return self.diverge(None, false, listener);
            }
            record(listener, step, &scores.rows)?;
            if split == Split::Train {
                listener.progress(Progress { step, steps: step, loss: scores.loss });
            }
        }
        Ok(())
    }

    /// Ends training at this step with the model before the step. If its weights are not finite, as can
    /// happen on an accelerator, ends it with the latest model whose weights were.
    pub(super) fn diverge<L: Listener + ?Sized>(
        &mut self,
        pass: Option<Pass>,
        are_weights_finite: bool,
        listener: &mut L,
    ) -> Result<(), TrainError> {
        let is_after_forward = pass.is_some();
        let mut rows = self.norms(&WeightNorm, &GradientsParams::new())?;
        if let Some(Pass { gradients, observation, close }) = pass {
            if let Some(close) = close {
                let seen = close.rows().map_err(|source| self.failed(source))?;
                record(listener, self.step, &seen)?;
            }
            let norms = self.norms(&GradientNorm, &gradients)?;
            let observed = observation.map(|observation| observation.rows()).transpose();
            let observed = observed.map_err(|source| self.failed(source))?;
            record(listener, self.step, observed.as_ref().unwrap_or(&norms))?;
            rows.extend(norms.into_iter().chain(observed.into_iter().flatten()));
        }
        if !are_weights_finite {
            self.model.change(|model| self.guard.rescue(model));
        } else if is_after_forward {
            self.model.change(before_forward);
        }
        let subject = not_finite_origin(&rows).map_or(Subject::NETWORK, |origin| origin.subject);
        self.outcome = Some(Outcome::Diverged { step: self.step, subject });
        Ok(())
    }

    /// Undoes a step on an accelerator after its gradients turned out not to be finite.
    pub(super) fn take_back(&mut self, before: M, subject: Subject) -> Result<(), TrainError> {
        self.model = Held::new(before);
        if self.read([])?.are_weights_finite {
            self.model.change(before_forward);
        } else {
            self.model.change(|model| self.guard.rescue(model));
        }
        self.outcome = Some(Outcome::Diverged { step: self.step, subject });
        Ok(())
    }

    /// Measures a norm of every parameter, whatever the session's hook measures.
    fn norms(
        &self,
        quantity: &'static dyn Quantity,
        gradients: &GradientsParams,
    ) -> Result<Vec<Row>, TrainError> {
        let mut hook = GradientHook::new(&[quantity], Schedule::Every(1));
        let observation = hook.observe(self.step, &*self.model, gradients);
        let rows = observation.map_or(Ok(Vec::new()), |observation| observation.rows());
        rows.map_err(|source| self.failed(source))
    }
}
