//! Hooks in Burn's own training loop, `burn_train::SupervisedTraining`.

mod metric;
mod watched;

pub use metric::WatchMetric;
pub use watched::Watched;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use backdraft_rows::{Finding, QuantityName, Row, Subject, Thresholds, diagnose};
use burn::module::Module;
use burn::tensor::ExecutionError;

use crate::hook::GradientHook;
use crate::observation::Observation;

/// Watches the gradients of a model that Burn's `Learner` trains.
///
/// Burn's loop does not expose gradients, so the watch wraps the model: [`Watched`] forwards each
/// training step to the model and lets the hook observe it. [Metrics](Self::metric) appear beside
/// loss and accuracy in Burn's dashboard and logs; [rows](Self::rows) hold everything that was
/// measured.
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
#[derive(Clone, Debug)]
pub struct Watch {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    hook: GradientHook,
    /// The next step; a step is one batch.
    step: u64,
    rows: Vec<Row>,
    /// An observation for which the optimiser has not stepped yet.
    pending: Option<Observation>,
    error: Option<ExecutionError>,
}

impl Watch {
    /// Creates a watch that observes through `hook`.
    pub fn new(hook: GradientHook) -> Self {
        let shared = Shared { hook, step: 0, rows: Vec::new(), pending: None, error: None };
        Self { shared: Arc::new(Mutex::new(shared)) }
    }

    /// Wraps a model, to be passed to Burn's `Learner`.
    pub fn model<M: Module>(&self, model: M) -> Watched<M> {
        Watched::new(model, self.clone())
    }

    /// Returns a metric of one quantity of one subject, for `metric_train_numeric`.
    pub fn metric(&self, quantity: QuantityName, subject: impl Into<Subject>) -> WatchMetric {
        WatchMetric::new(self.clone(), quantity, subject.into())
    }

    /// Returns everything measured so far. A step is one batch.
    ///
    /// # Errors
    ///
    /// [`ExecutionError`] if the device failed during an observation. Nothing is measured afterwards.
    pub fn rows(&self) -> Result<Vec<Row>, ExecutionError> {
        let mut shared = self.lock();
        shared.settle(Observation::rows);
        match &shared.error {
            Some(error) => Err(error.clone()),
            None => Ok(shared.rows.clone()),
        }
    }

    /// Diagnoses everything measured so far.
    pub fn diagnose(&self, thresholds: &Thresholds) -> Vec<Finding> {
        let mut shared = self.lock();
        shared.settle(Observation::rows);
        diagnose(&shared.rows, thresholds)
    }

    /// Ignores poisoning: a panic elsewhere leaves the rows valid.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Completes the current observation.
    fn settle(&mut self, end: impl FnOnce(Observation) -> Result<Vec<Row>, ExecutionError>) {
        let Some(observation) = self.pending.take() else { return };
        match end(observation) {
            Ok(rows) => self.rows.extend(rows),
            Err(error) => self.error = self.error.take().or(Some(error)),
        }
    }
}
