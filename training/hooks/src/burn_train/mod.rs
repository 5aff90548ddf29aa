//! Hooks in Burn's own training loop, `burn_train::SupervisedTraining`.

mod error;
mod metric;
mod watched;

pub use error::WatchError;
pub use metric::WatchMetric;
pub use watched::Watched;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use backdraft_rows::{Finding, QuantityName, Row, Sink, Subject, Thresholds, diagnose};
use burn::module::Module;

use crate::gradients::GradientSource;
use crate::hook::GradientHook;
use crate::kept::Kept;
use crate::observation::{Observation, ObservationError};
use crate::optimizer_state::MomentConstants;
use crate::taps::Taps;

use metric::Channels;

/// Observations that a watch keeps unless it is told otherwise.
const KEPT_OBSERVATIONS: usize = 256;

/// Watches the gradients of a model that Burn's `Learner` trains.
///
/// Burn's loop does not expose gradients, so the watch wraps the model: [`Watched`] forwards each
/// training step to the model and lets the hook observe what the optimiser gets. A step is one step of
/// the optimiser, as in one's own loop: with `grads_accumulation`, gradients are those accumulated over its
/// batches. [Metrics](Self::metric) appear beside loss and accuracy in Burn's dashboard and logs;
/// [rows](Self::rows) are kept in bounded memory, and a [sink](Self::with_sink) gets all of them.
///
/// Paths of parameters are those of the model: weights that Burn saves of a watched model load into the
/// bare one.
///
/// ```no_run
/// # use backdraft_hooks::{GradientHook, QUANTITIES, QuantityName, Schedule, Subject, Thresholds};
/// # use backdraft_hooks::burn_train::Watch;
/// # use burn_train::{LearnerModel, Learner, SupervisedTraining, TrainStep, InferenceStep};
/// # use burn::module::Module;
/// # use burn::optim::ModuleOptimizer;
/// # fn train<M>(model: M, optimizer: ModuleOptimizer, train: std::sync::Arc<dyn burn::data::dataloader::DataLoader<<M as TrainStep>::Input>>, valid: std::sync::Arc<dyn burn::data::dataloader::DataLoader<<M as InferenceStep>::Input>>)
/// # where M: LearnerModel {
/// let watch = Watch::new(GradientHook::new(QUANTITIES, Schedule::Every(10)));
/// let training = SupervisedTraining::new("artifacts", train, valid)
///     .metric_train_numeric(watch.metric(QuantityName::GRADIENT_NORM, Subject::NETWORK))
///     .metric_train_numeric(watch.metric(QuantityName::GRADIENT_NORM, "first.weight"));
/// training.launch(Learner::new(watch.model(model), optimizer, 1e-3));
/// for finding in watch.diagnose(&Thresholds::default()) {
///     println!("{finding}");
/// }
/// # }
/// ```
///
/// # Taps
///
/// [`Tapped`](crate::Tapped) layers of the model are tapped, and so is a forward pass with
/// [`with_taps`](crate::with_taps). For the gradients of activations, the model's `TrainStep` calls
/// [`backward`](crate::backward) instead of `loss.backward()`.
#[derive(Clone)]
pub struct Watch {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    hook: GradientHook,
    /// The next step of the optimiser.
    step: u64,
    /// Batches so far, in all epochs.
    batches: u64,
    /// What was tapped since the last step of the optimiser.
    taps: Taps,
    kept: Kept,
    sink: Option<Box<dyn Sink + Send>>,
    channels: Channels,
    constants: Option<MomentConstants>,
    error: Option<WatchError>,
}

impl Watch {
    /// Creates a watch that observes through `hook`.
    pub fn new(hook: GradientHook) -> Self {
        let shared = Shared {
            hook,
            step: 0,
            batches: 0,
            taps: Taps::off(),
            kept: Kept::new(KEPT_OBSERVATIONS),
            sink: None,
            channels: Channels::default(),
            constants: None,
            error: None,
        };
        Self { shared: Arc::new(Mutex::new(shared)) }
    }

    /// Writes the rows of each observation to `sink`.
    pub fn with_sink(self, sink: impl Sink + Send + 'static) -> Self {
        self.lock().sink = Some(Box::new(sink));
        self
    }

    /// Tells the constants of an optimiser of Adam's kin, which quantities of its moments
    /// ([`OPTIMIZER`](crate::OPTIMIZER)) need.
    pub fn with_moment_constants(self, constants: MomentConstants) -> Self {
        self.lock().constants = Some(constants);
        self
    }

    /// Keeps the rows of at most this many observations in memory, 256 by default and at least 3. Once
    /// there are more, they are thinned out evenly; the first, the latest and the first with a number
    /// that is not finite always stay.
    pub fn with_kept_observations(self, observations: usize) -> Self {
        self.lock().kept = Kept::new(observations);
        self
    }

    /// Wraps a model, to be passed to Burn's `Learner`.
    pub fn model<M: Module>(&self, model: M) -> Watched<M> {
        Watched::new(model, self.clone())
    }

    /// Returns a metric of one quantity of one subject, for `metric_train_numeric`.
    pub fn metric(&self, quantity: QuantityName, subject: impl Into<Subject>) -> WatchMetric {
        self.lock().channels.open(quantity, subject.into())
    }

    /// Returns the rows that are kept: those of all observations, or of an even choice of them.
    ///
    /// # Errors
    ///
    /// [`WatchError`] if the device or the sink failed. Nothing was measured afterwards.
    pub fn rows(&self) -> Result<Vec<Row>, WatchError> {
        let shared = self.lock();
        match &shared.error {
            Some(error) => Err(error.clone()),
            None => Ok(shared.kept.rows().cloned().collect()),
        }
    }

    /// Diagnoses the rows that are kept.
    pub fn diagnose(&self, thresholds: &Thresholds) -> Vec<Finding> {
        diagnose(self.lock().kept.rows(), thresholds)
    }

    /// Ignores poisoning: a panic elsewhere leaves the rows valid.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Short: Burn's summary of a training prints it as a part of the model.
impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = self.lock();
        f.debug_struct("Watch")
            .field("steps", &shared.step)
            .field("rows", &shared.kept.len())
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// Returns taps for the next batch, those of the batches before it if gradients are accumulated.
    fn next_batch(&mut self) -> Taps {
        self.batches += 1;
        if self.error.is_some() {
            return Taps::off();
        }
        let taps = std::mem::take(&mut self.taps);
        if taps.is_on() { taps } else { self.hook.taps(self.step) }
    }

    /// Keeps what a batch tapped until the optimiser steps.
    fn end_batch(&mut self, mut taps: Taps) {
        if taps.is_on() {
            taps.end_pass();
            self.taps = taps;
        }
    }

    /// Observes what the optimiser is about to get.
    fn observe<M: Module, G: GradientSource>(
        &mut self,
        model: &M,
        gradients: &G,
    ) -> Option<Observation> {
        let (step, taps) = (self.step, std::mem::take(&mut self.taps));
        self.step += 1;
        if self.error.is_some() {
            return None;
        }
        self.hook.observe_with_taps(step, model, gradients, &taps)
    }

    /// Takes the rows of an observation.
    fn record(&mut self, rows: Result<Vec<Row>, ObservationError>) {
        let written = rows.map_err(WatchError::Observation).and_then(|rows| {
            self.channels.send(self.batches, &rows);
            let written = self.sink.as_mut().map_or(Ok(()), |sink| sink.write(&rows));
            self.kept.push(rows);
            written.map_err(|error| WatchError::Sink(Arc::new(error)))
        });
        if let Err(error) = written {
            self.error.get_or_insert(error);
        }
    }
}
