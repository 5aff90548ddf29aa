//! The training loop.

use std::marker::PhantomData;

use backdraft_hooks::{GradientHook, Taps};
use backdraft_rows::Subject;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};

use crate::config::TrainerConfig;
use crate::error::TrainError;
use crate::examples::{Examples, Rows};
use crate::keeper::Keeper;
use crate::lesson::Task;
use crate::listener::Listener;
use crate::objective::Objective;
use crate::session::Session;

/// How a training run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// All steps were taken, or an evaluation was below [`stop_below`](TrainerConfig::stop_below).
    Finished,
    /// The loss or a gradient stopped being finite; the step was not taken.
    ///
    /// The returned model is the one before the step. On an accelerator, gradients are checked when
    /// they are observed and weights when the loss is read back; if they became non-finite in between,
    /// the returned model is the latest one that was found finite, from an earlier step.
    Diverged {
        /// The step at which this was found.
        step: u64,
        /// Where it came from, as [`not_finite_origin`](backdraft_rows::not_finite_origin) tells: a
        /// weight, a tap if this step was observed with taps, or the last parameter whose gradient is
        /// not finite. The network if only the loss is not, or if everything is not.
        subject: Subject,
    },
    /// The listener's [`Keeper`] stopped the run and has the checkpoint to continue from, or the caller
    /// of a [`Session`] ended it early.
    Interrupted {
        /// The step that comes next.
        step: u64,
    },
}

/// Trains any module that a closure can run forward.
///
/// In each step, the trainer selects a batch on the device and varies it, runs the model forward with
/// taps, computes the loss, runs backward, lets the hook read, clips the gradients, and lets the optimiser
/// take the step. Besides the hook's quantities, the listener receives these, with the subject `network`:
///
/// | quantity | at | meaning |
/// |---|---|---|
/// | `loss` | every `loss_every` steps | loss of the batch before the step |
/// | `global_gradient_norm` | observed steps, with clipping | norm before clipping |
/// | `clipped_gradient_norm` | observed steps, with clipping | norm after clipping |
/// | `test_loss`, `test_accuracy` | every `evaluate_every` steps, start and end | on the test split |
/// | `train_loss`, `train_accuracy` | at the end | on the whole training split |
///
/// A listener with a [`Keeper`] receives checkpoints. A run that continues from one measures the same
/// numbers, bit for bit, as an uninterrupted run.
///
/// [`fit`](Self::fit) takes all steps; [`start`](Self::start) leaves the loop to the caller.
#[derive(Clone, Debug)]
pub struct Trainer {
    config: TrainerConfig,
    device: Device,
}

/// Training and test examples, both without autodiff.
pub struct Splits<'a, X, Y> {
    /// Examples to train on.
    pub train: &'a Examples<X, Y>,
    /// Examples to test on.
    pub test: &'a Examples<X, Y>,
}

impl Trainer {
    /// Creates a trainer for `device`, with or without autodiff.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] naming the first field that is out of range.
    pub fn new(config: TrainerConfig, device: &Device) -> Result<Self, TrainError> {
        config.validate()?;
        Ok(Self { config, device: device.clone().without_autodiff() })
    }

    /// Trains `model` and returns it with the outcome of the run.
    ///
    /// The trainer does not know what a module computes. One that normalises over the batch learns nothing from
    /// a batch of one example: its gradients are 0. Ask the architecture (`check_batch`) before, also for the
    /// last batch of an epoch.
    ///
    /// # Errors
    ///
    /// [`TrainError`] if there are no examples, the model cannot be trained, the device fails, the
    /// listener cannot record, or the checkpoint to continue from does not fit.
    pub fn fit<M, X, Y, O, F, J, L>(
        &self,
        model: M,
        data: Splits<'_, X, Y>,
        forward: F,
        objective: &J,
        hook: &mut GradientHook,
        listener: &mut L,
    ) -> Result<(M, Outcome), TrainError>
    where
        M: Module,
        X: Rows,
        Y: Rows,
        O: Clone,
        F: Fn(&M, X, &mut Taps) -> O,
        J: Objective<O, Y>,
        L: Listener + ?Sized,
    {
        let mut session = self.start(model, data, forward, objective, hook)?;
        if let Some(checkpoint) = listener.keeper().and_then(Keeper::restore) {
            session.restore(&checkpoint)?;
        }
        while session.step(listener)?.is_some() {}
        session.finish(listener)
    }

    /// Starts a session that trains `model` step by step.
    ///
    /// # Errors
    ///
    /// [`TrainError`] if there are no examples or the model cannot be trained.
    pub fn start<'a, M, X, Y, O, F, J>(
        &self,
        model: M,
        data: Splits<'a, X, Y>,
        forward: F,
        objective: &'a J,
        hook: &'a mut GradientHook,
    ) -> Result<Session<'a, M>, TrainError>
    where
        M: Module,
        X: Rows,
        Y: Rows,
        O: Clone + 'a,
        F: Fn(&M, X, &mut Taps) -> O + 'a,
        J: Objective<O, Y>,
    {
        for (split, examples) in [("training", data.train), ("test", data.test)] {
            if examples.is_empty() {
                return Err(TrainError::NoExamples { split });
            }
        }
        if !is_differentiable(&model) {
            return Err(TrainError::NotDifferentiable);
        }
        let task = Task { data, forward, objective, outputs: PhantomData };
        Session::new(&self.config, &self.device, Box::new(task), model, hook)
    }
}

/// Tells whether some parameter is on a device with autodiff.
fn is_differentiable<M: Module>(model: &M) -> bool {
    let mut search = Search { is_found: false };
    model.visit(&mut search);
    search.is_found
}

struct Search {
    is_found: bool,
}

impl ModuleVisitor for Search {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        self.is_found |= parameter.lazy_device().is_autodiff();
    }
}
