//! A model that is watched while it trains.

use burn::module::Module;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer, MultiGradientsParams};
use burn_train::{InferenceStep, TrainOutput, TrainStep};

use super::Watch;
use crate::gradients::GradientSource;
use crate::observation::ObservationError;
use crate::transparent::transparent_module;

/// A model with its [`Watch`], which trains like the model alone.
#[derive(Clone, Debug)]
pub struct Watched<M> {
    /// The model. Rows name its parameters by their paths within it.
    pub model: M,
    watch: Watch,
}

transparent_module!(Watched, model, watch);

impl<M: Module> Watched<M> {
    pub(super) fn new(model: M, watch: Watch) -> Self {
        Self { model, watch }
    }

    /// Observes the gradients that the optimiser gets, lets `step` change the model, and completes the
    /// observation with the change.
    fn stepped<G: GradientSource>(
        self,
        optimizer: &mut ModuleOptimizer,
        gradients: G,
        step: impl FnOnce(M, &mut ModuleOptimizer, G) -> M,
    ) -> Self {
        let Self { model, watch } = self;
        let observation = watch.lock().observe(&model, &gradients);
        let model = step(model, optimizer, gradients);
        if let Some(observation) = observation {
            let constants = watch.lock().constants;
            let rows = match constants {
                Some(constants) => observation.rows_after_optimizer(&model, optimizer, constants),
                None => observation.rows_after_step(&model).map_err(ObservationError::Device),
            };
            watch.lock().record(rows);
        }
        Self { model, watch }
    }
}

impl<M: Module + TrainStep> TrainStep for Watched<M> {
    type Input = M::Input;
    type Output = M::Output;

    fn step(&self, item: M::Input) -> TrainOutput<M::Output> {
        let mut taps = self.watch.lock().next_batch();
        let output = taps.collect(|| self.model.step(item));
        self.watch.lock().end_batch(taps);
        output
    }

    fn optimize(
        self,
        optimizer: &mut ModuleOptimizer,
        rate: ModuleLearningRate,
        gradients: GradientsParams,
    ) -> Self {
        self.stepped(optimizer, gradients, |model, optimizer, gradients| {
            model.optimize(optimizer, rate, gradients)
        })
    }

    fn optimize_multi(
        self,
        optimizer: &mut ModuleOptimizer,
        rate: ModuleLearningRate,
        gradients: MultiGradientsParams,
    ) -> Self {
        self.stepped(optimizer, gradients, |model, optimizer, gradients| {
            model.optimize_multi(optimizer, rate, gradients)
        })
    }
}

impl<M: Module + InferenceStep> InferenceStep for Watched<M> {
    type Input = M::Input;
    type Output = M::Output;

    fn step(&self, item: M::Input) -> M::Output {
        self.model.step(item)
    }
}
