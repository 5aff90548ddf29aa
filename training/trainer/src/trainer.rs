//! The training loop.

use backdraft_hooks::{GradientHook, GradientNorm, Observation, Schedule, Taps, read_back};
use backdraft_rows::{QuantityName, Row, Subject};
use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, ExecutionError, Gradients, Int, Tensor, TensorData};

use crate::checkpoint::Checkpoint;
use crate::clipping::clip;
use crate::config::TrainerConfig;
use crate::error::TrainError;
use crate::examples::{Examples, Rows};
use crate::keeper::Decision;
use crate::listener::{Listener, Progress};
use crate::objective::Objective;
use crate::order::BatchOrder;

/// Examples that are scored at once in an evaluation: bounds its memory.
const EVALUATION_BATCH: usize = 1_024;
/// What an evaluation of each split measures: loss and accuracy.
const TEST: [QuantityName; 2] = [QuantityName::TEST_LOSS, QuantityName::TEST_ACCURACY];
const TRAIN: [QuantityName; 2] = [QuantityName::TRAIN_LOSS, QuantityName::TRAIN_ACCURACY];

/// How a training run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// All steps were taken, or as many as it took to get below the test loss that was asked for.
    Finished,
    /// The loss or a gradient stopped being finite; the step was not taken.
    Diverged {
        /// The step at which it was found.
        step: u64,
        /// The first parameter, in depth order, whose gradient is not finite; `network` if only
        /// the loss is not.
        subject: Subject,
    },
    /// The listener's [`Keeper`](crate::Keeper) stopped it, and keeps the checkpoint to go on from.
    Interrupted {
        /// The step that comes next.
        step: u64,
    },
}

/// Trains any module that a closure can run forward.
///
/// One step is: pick a batch on the device and vary it, forward with taps, loss, backward, the hook reads,
/// clip, optimiser step. Besides the hook's quantities the listener gets, under the subject
/// `network`:
///
/// | quantity | at | meaning |
/// |---|---|---|
/// | `loss` | every `loss_every` steps | loss of the batch before the step |
/// | `global_gradient_norm` | observed steps, with clipping | before clipping |
/// | `clipped_gradient_norm` | observed steps, with clipping | after clipping |
/// | `test_loss`, `test_accuracy` | every `evaluate_every` steps, start and end | on the test split |
/// | `train_loss`, `train_accuracy` | at the end | on the whole training split |
///
/// A listener with a [`Keeper`](crate::Keeper) gets checkpoints; a run that goes on from one measures
/// bit for bit what it would have measured undisturbed.
#[derive(Clone, Debug)]
pub struct Trainer {
    config: TrainerConfig,
    device: Device,
}

/// What to train on and what to test on; both without autodiff.
pub struct Splits<'a, X, Y> {
    /// Examples that the optimiser sees.
    pub train: &'a Examples<X, Y>,
    /// Examples that it does not see.
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

    /// Trains `model` and returns it with how the run ended.
    ///
    /// # Errors
    ///
    /// [`TrainError`] if there are no examples, the device fails, the listener cannot record, or the
    /// checkpoint to go on from does not fit.
    pub fn fit<M, X, Y, O, F, L>(
        &self,
        mut model: M,
        data: Splits<'_, X, Y>,
        forward: F,
        objective: &impl Objective<O, Y>,
        hook: &mut GradientHook,
        listener: &mut L,
    ) -> Result<(M, Outcome), TrainError>
    where
        M: Module,
        X: Rows,
        Y: Rows,
        O: Clone,
        F: Fn(&M, X, &mut Taps) -> O,
        L: Listener + ?Sized,
    {
        self.check(&data)?;
        let config = &self.config;
        let mut rates =
            config.rate_schedule.init(config.learning_rate, config.steps).map_err(|reason| {
                TrainError::Config(crate::ConfigError {
                    field: "rate_schedule",
                    value: format!("{:?}", config.rate_schedule),
                    requirement: reason,
                })
            })?;
        let mut optimizer = config.optimizer.init();
        let mut order = BatchOrder::new(config.seed, data.train.len(), config.batch_size);
        let mut taken = config.steps;
        let mut start = 0;
        if let Some(checkpoint) = listener.keeper().and_then(|keeper| keeper.restore()) {
            start = checkpoint.step();
            let restored = checkpoint.restore(model, optimizer);
            (model, optimizer) =
                restored.map_err(|source| TrainError::Checkpoint { step: start, source })?;
            (0..start).for_each(|_| drop(rates.step()));
            order.skip(start);
        }

        for step in start..config.steps {
            if is_to_stop(step, &model, &optimizer, listener)? {
                return Ok((model, Outcome::Interrupted { step }));
            }
            let at_step = |source| TrainError::Device { step, source };
            if config.evaluate_every != 0 && step % config.evaluate_every == 0 {
                let rows = self
                    .evaluate(step, TEST, &model, data.test, &forward, objective)
                    .map_err(at_step)?;
                record(listener, step, &rows)?;
                if config.stop_below.is_some_and(|bound| rows[0].value < bound) {
                    taken = step;
                    break;
                }
            }

            let batch = data.train.batch(self.indices(order.next_batch()), step);
            let mut taps = hook.taps(step);
            let outputs = forward(&model, batch.inputs, &mut taps);
            let loss = objective.loss(outputs, batch.targets);
            let mut gradients = loss.backward();
            let observation = hook.observe_with_taps(step, &model, &gradients, &taps);

            if step % config.loss_every == 0 {
                let loss = scalar(loss).map_err(at_step)?;
                record(listener, step, &[Row::of_network(step, QuantityName::LOSS, loss)])?;
                listener.progress(Progress { step, steps: config.steps, loss });
                if !loss.is_finite() {
                    let observation = observation.or_else(|| norms(step, &model, &gradients));
                    let rows = observation.map_or(Ok(Vec::new()), Observation::rows);
                    let rows = rows.map_err(at_step)?;
                    record(listener, step, &rows)?;
                    let subject = not_finite(&rows).unwrap_or(Subject::NETWORK);
                    return Ok((model, Outcome::Diverged { step, subject }));
                }
            }

            let mut gradients = GradientsParams::from_module(&mut gradients, &model);
            let mut clipped = None;
            if let Some(clipping) = config.clipping {
                let is_told = observation.is_some();
                let clip = clip(clipping, &model, gradients, is_told).map_err(at_step)?;
                (gradients, clipped) = clip;
            }
            model = optimizer.step(rates.step(), model, gradients);

            if let Some(observation) = observation {
                let mut rows = observation.rows_after_step(&model).map_err(at_step)?;
                if let Some(clipped) = clipped {
                    let (before, after) = (clipped.norm_before, clipped.norm_after);
                    rows.push(Row::of_network(step, QuantityName::GLOBAL_GRADIENT_NORM, before));
                    rows.push(Row::of_network(step, QuantityName::CLIPPED_GRADIENT_NORM, after));
                }
                record(listener, step, &rows)?;
                if let Some(subject) = not_finite(&rows) {
                    return Ok((model, Outcome::Diverged { step, subject }));
                }
            }
        }

        self.finish(taken, &model, &data, &forward, objective, listener)?;
        Ok((model, Outcome::Finished))
    }

    fn check<X: Rows, Y: Rows>(&self, data: &Splits<'_, X, Y>) -> Result<(), TrainError> {
        for (split, examples) in [("training", data.train), ("test", data.test)] {
            if examples.is_empty() {
                return Err(TrainError::NoExamples { split });
            }
        }
        Ok(())
    }

    fn indices(&self, indices: &[i32]) -> Tensor<1, Int> {
        Tensor::from_data(TensorData::new(indices.to_vec(), [indices.len()]), &self.device)
    }

    fn finish<M, X, Y, O, F, L>(
        &self,
        step: u64,
        model: &M,
        data: &Splits<'_, X, Y>,
        forward: &F,
        objective: &impl Objective<O, Y>,
        listener: &mut L,
    ) -> Result<(), TrainError>
    where
        M: Module,
        X: Rows,
        Y: Rows,
        O: Clone,
        F: Fn(&M, X, &mut Taps) -> O,
        L: Listener + ?Sized,
    {
        for (names, examples) in [(TEST, data.test), (TRAIN, data.train)] {
            let rows = self
                .evaluate(step, names, model, examples, forward, objective)
                .map_err(|source| TrainError::Device { step, source })?;
            let loss = rows[0].value;
            record(listener, step, &rows)?;
            listener.progress(Progress { step, steps: step, loss });
        }
        Ok(())
    }

    /// Scores all examples without autodiff: mean loss and, if the score counts them, the share
    /// of correct answers.
    fn evaluate<M, X, Y, O, F>(
        &self,
        step: u64,
        [loss_name, accuracy_name]: [QuantityName; 2],
        model: &M,
        examples: &Examples<X, Y>,
        forward: &F,
        objective: &impl Objective<O, Y>,
    ) -> Result<Vec<Row>, ExecutionError>
    where
        M: Module,
        X: Rows,
        Y: Rows,
        O: Clone,
        F: Fn(&M, X, &mut Taps) -> O,
    {
        let model = model.valid();
        let (mut loss, mut correct) = (0.0, None);
        for start in (0..examples.len()).step_by(EVALUATION_BATCH) {
            let end = (start + EVALUATION_BATCH).min(examples.len());
            let indices: Vec<i32> = (start as i32..end as i32).collect();
            let batch = examples.select(self.indices(&indices));
            let outputs = forward(&model, batch.inputs, &mut Taps::off());
            let mean = objective.loss(outputs.clone(), batch.targets.clone());
            let count = objective.correct(outputs, batch.targets);
            let read = read_back(std::iter::once(mean).chain(count))?;
            let mut read = read.iter().flat_map(TensorData::iter::<f64>);
            loss += read.next().unwrap_or(f64::NAN) * (end - start) as f64;
            if let Some(count) = read.next() {
                *correct.get_or_insert(0.0) += count;
            }
        }
        let count = examples.len() as f64;
        let mut rows = vec![Row::of_network(step, loss_name, loss / count)];
        if let Some(correct) = correct {
            rows.push(Row::of_network(step, accuracy_name, correct / count));
        }
        Ok(rows)
    }
}

/// Keeps a checkpoint if the listener's keeper wants one, and tells whether it stops the run.
fn is_to_stop<M: Module, L: Listener + ?Sized>(
    step: u64,
    model: &M,
    optimizer: &ModuleOptimizer,
    listener: &mut L,
) -> Result<bool, TrainError> {
    let Some(keeper) = listener.keeper() else { return Ok(false) };
    let decision = keeper.decide(step);
    if decision != Decision::GoOn {
        let checkpoint = Checkpoint::take(step, model, optimizer)
            .map_err(|source| TrainError::Checkpoint { step, source })?;
        keeper.keep(checkpoint).map_err(|source| TrainError::Record { step, source })?;
    }
    Ok(decision == Decision::KeepAndStop)
}

fn scalar(tensor: Tensor<1>) -> Result<f64, ExecutionError> {
    let read = read_back([tensor.without_autodiff()])?;
    Ok(read.iter().flat_map(TensorData::iter::<f64>).next().unwrap_or(f64::NAN))
}

fn record<L: Listener + ?Sized>(
    listener: &mut L,
    step: u64,
    rows: &[Row],
) -> Result<(), TrainError> {
    listener.record(rows).map_err(|source| TrainError::Record { step, source })
}

/// The first parameter whose observed gradient norm is not finite.
fn not_finite(rows: &[Row]) -> Option<Subject> {
    let mut norms = rows.iter().filter(|row| row.quantity == QuantityName::GRADIENT_NORM);
    norms.find(|row| !row.value.is_finite()).map(|row| row.subject.clone())
}

/// Looks for the culprit when the loss is not finite, whatever the hook measures.
fn norms<M: Module>(step: u64, model: &M, gradients: &Gradients) -> Option<Observation> {
    GradientHook::new(&[&GradientNorm], Schedule::Every(1)).observe(step, model, gradients)
}
