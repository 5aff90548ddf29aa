//! A model that is watched while it trains.

use burn::module::Module;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer, MultiGradientsParams};
use burn_train::{InferenceStep, TrainOutput, TrainStep};

use super::Watch;
use crate::observation::Observation;

/// A model with its [`Watch`], which trains like the model alone.
#[derive(Module, Debug)]
pub struct Watched<M> {
    /// The model. Rows name its parameters by their paths within it.
    pub model: M,
    #[module(skip)]
    watch: Watch,
}

impl<M: Module> Watched<M> {
    pub(super) fn new(model: M, watch: Watch) -> Self {
        Self { model, watch }
    }

    /// Lets `step` change the model, then completes the current observation with the change.
    fn stepped(self, step: impl FnOnce(M) -> M) -> Self {
        let Self { model, watch } = self;
        let model = step(model);
        watch.lock().settle(|observation| observation.rows_after_step(&model));
        Self { model, watch }
    }
}

impl<M: Module + TrainStep> TrainStep for Watched<M> {
    type Input = M::Input;
    type Output = M::Output;

    fn step(&self, item: M::Input) -> TrainOutput<M::Output> {
        let output = self.model.step(item);
        let mut shared = self.watch.lock();
        // If gradients are accumulated, the optimiser has not stepped since the last observation.
        shared.settle(Observation::rows);
        let step = shared.step;
        shared.step += 1;
        shared.pending = shared.hook.observe(step, &self.model, &output.grads);
        output
    }

    fn optimize(
        self,
        optimizer: &mut ModuleOptimizer,
        rate: ModuleLearningRate,
        gradients: GradientsParams,
    ) -> Self {
        self.stepped(|model| model.optimize(optimizer, rate, gradients))
    }

    fn optimize_multi(
        self,
        optimizer: &mut ModuleOptimizer,
        rate: ModuleLearningRate,
        gradients: MultiGradientsParams,
    ) -> Self {
        self.stepped(|model| model.optimize_multi(optimizer, rate, gradients))
    }
}

impl<M: Module + InferenceStep> InferenceStep for Watched<M> {
    type Input = M::Input;
    type Output = M::Output;

    fn step(&self, item: M::Input) -> M::Output {
        self.model.step(item)
    }
}
