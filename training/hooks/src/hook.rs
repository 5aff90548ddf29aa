//! The hook: what to measure and when.

use std::sync::Arc;

use burn::module::Module;

use crate::gradients::GradientSource;
use crate::observation::Observation;
use crate::parameters::ParameterPaths;
use crate::quantity::{Quantity, Reads};
use crate::schedule::Schedule;
use crate::selection::{Filter, Grouping};
use crate::taps::Taps;

/// Measures quantities of a module's parameters and tapped activations during training.
///
/// It fits into any training loop: ask it for [`taps`](Self::taps) before the forward pass and let
/// it [`observe`](Self::observe) after the backward pass.
///
/// ```
/// use backdraft_hooks::{GradientHook, GradientNorm, Schedule};
/// use burn::module::Module;
/// use burn::nn::{Linear, LinearConfig};
/// use burn::optim::{GradientsParams, SgdConfig};
/// use burn::tensor::{Device, Distribution, Tensor};
///
/// let device = Device::flex().autodiff();
/// let mut model: Linear = LinearConfig::new(8, 1).init(&device);
/// let mut optimizer = SgdConfig::new().init();
/// let mut hook = GradientHook::new(&[&GradientNorm], Schedule::Every(1)); // added line 1
///
/// for step in 0..3 {
///     let x = Tensor::<2>::random([16, 8], Distribution::Default, &device);
///     let mut gradients = model.forward(x).square().mean().backward();
///     if let Some(observation) = hook.observe(step, &model, &gradients) { // 2
///         for row in observation.rows().unwrap() { // 3
///             println!("{} {} {} {:.3e}", row.step, row.quantity, row.subject, row.value);
///         }
///     }
///     let gradients = GradientsParams::from_module(&mut gradients, &model);
///     model = optimizer.step(0.1, model, gradients);
/// }
/// ```
#[derive(Clone, Debug)]
pub struct GradientHook {
    quantities: Arc<[&'static dyn Quantity]>,
    reads: Reads,
    schedule: Schedule,
    filter: Filter,
    grouping: Grouping,
    paths: ParameterPaths,
}

impl GradientHook {
    /// Creates a hook that measures `quantities` at the steps of `schedule`.
    pub fn new(quantities: &[&'static dyn Quantity], schedule: Schedule) -> Self {
        let reads = quantities.iter().map(|quantity| quantity.reads());
        Self {
            reads: reads.fold(Reads::NOTHING, Reads::union),
            quantities: quantities.into(),
            schedule,
            filter: Filter::all(),
            grouping: Grouping::default(),
            paths: ParameterPaths::default(),
        }
    }

    /// Measures only the parameters and taps that `filter` accepts.
    pub fn with_filter(self, filter: Filter) -> Self {
        Self { filter, paths: ParameterPaths::default(), ..self }
    }

    /// Measures parameters in groups, each as if it were one tensor.
    pub fn with_grouping(self, grouping: Grouping) -> Self {
        Self { grouping, ..self }
    }

    /// Tells whether `step` will be observed.
    pub fn is_due(&self, step: u64) -> bool {
        self.schedule.is_due(step)
    }

    /// Returns taps for the forward pass of `step`: on if it is observed and a quantity reads
    /// activations, else off.
    pub fn taps(&self, step: u64) -> Taps {
        if self.is_due(step) && self.reads.needs_taps() { Taps::on() } else { Taps::off() }
    }

    /// Observes a module's parameters after the backward pass; `None` if `step` is not due.
    ///
    /// The gradients are those of the backward pass, before any clipping, or those accumulated
    /// over several passes.
    pub fn observe<M: Module, G: GradientSource>(
        &mut self,
        step: u64,
        module: &M,
        gradients: &G,
    ) -> Option<Observation> {
        let is_due = self.is_due(step);
        is_due.then(|| self.start(step, module, gradients))
    }

    /// Observes parameters and the activations that `taps` saw in the same pass.
    ///
    /// If the gradients were accumulated over several passes, or have become `GradientsParams`, they no
    /// longer hold those of the activations: call [`Taps::accumulate`] after each backward pass, or the
    /// quantities of ∂L/∂a have no rows.
    pub fn observe_with_taps<M: Module, G: GradientSource>(
        &mut self,
        step: u64,
        module: &M,
        gradients: &G,
        taps: &Taps,
    ) -> Option<Observation> {
        let mut observation = self.observe(step, module, gradients)?;
        observation.read_taps(taps, gradients.backward_pass(), &self.filter, &self.paths);
        Some(observation)
    }

    fn start<M: Module, G: GradientSource>(
        &mut self,
        step: u64,
        module: &M,
        gradients: &G,
    ) -> Observation {
        let quantities = Arc::clone(&self.quantities);
        let mut observation = Observation::new(step, quantities, self.reads, self.grouping);
        observation.read_parameters(&mut self.paths, &self.filter, module, gradients);
        observation
    }
}
