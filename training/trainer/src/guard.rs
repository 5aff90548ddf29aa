//! Ensures that no step is taken with a gradient that is not finite.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::container::TensorContainer;

use crate::host::{is_finite, is_host};

/// Checks the gradients or weights of a model in training.
///
/// In host memory, every gradient is checked before the step. On an accelerator the host would have to
/// wait for that at every step, so the weights are checked whenever a number is read back anyway, and the
/// latest finite ones are kept. This misses nothing: after a gradient that is not finite, every
/// optimiser leaves a weight that is not finite, and it stays so.
pub(crate) enum Guard<M> {
    /// Gradients are checked; nothing needs to be kept.
    Host,
    /// The latest model whose weights were found finite, without autodiff, if there is one.
    Accelerator(Option<M>),
}

impl<M: Module> Guard<M> {
    /// Creates the guard of a model.
    pub(crate) fn new(model: &M) -> Self {
        if model.devices().iter().all(is_host) { Self::Host } else { Self::Accelerator(None) }
    }

    /// Tells whether all gradients are finite; `None` on an accelerator.
    pub(crate) fn are_finite(&self, model: &M, gradients: &GradientsParams) -> Option<bool> {
        if self.is_late() {
            return None;
        }
        let mut all = AllFinite { gradients, so_far: true };
        model.visit(&mut all);
        Some(all.so_far)
    }

    /// Tells whether gradients that are not finite are found only after their step.
    pub(crate) fn is_late(&self) -> bool {
        matches!(self, Self::Accelerator(_))
    }

    /// Queues the number of weights that are not finite, shape `[1]`, to be read back with other
    /// numbers; `None` in host memory.
    pub(crate) fn queue(&self, model: &M) -> Option<Tensor<1>> {
        if !self.is_late() {
            return None;
        }
        let mut bad = BadWeights { counts: Vec::new() };
        model.visit(&mut bad);
        (!bad.counts.is_empty()).then(|| Tensor::cat(bad.counts, 0).sum())
    }

    /// Copies the model with its running statistics, to be [kept](Self::keep) if its weights are found
    /// finite; `None` in host memory.
    pub(crate) fn copy(&self, model: &M) -> Option<M> {
        self.is_late().then(|| model.valid())
    }

    /// Keeps a copy of a model whose weights were found finite.
    pub(crate) fn keep(&mut self, copy: Option<M>) {
        if let (Self::Accelerator(sound), Some(copy)) = (self, copy) {
            *sound = Some(copy);
        }
    }

    /// Returns the latest model whose weights were found finite, or `model` if there is none.
    pub(crate) fn rescue(&self, model: M) -> M {
        match self {
            Self::Accelerator(Some(sound)) => sound.clone().train(),
            Self::Accelerator(None) | Self::Host => model,
        }
    }
}

struct AllFinite<'a> {
    gradients: &'a GradientsParams,
    so_far: bool,
}

impl ModuleVisitor for AllFinite<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if self.so_far
            && let Some(gradient) = self.gradients.get::<D>(parameter.id)
        {
            self.so_far = is_finite(gradient).unwrap_or(true);
        }
    }
}

struct BadWeights {
    counts: Vec<Tensor<1>>,
}

impl ModuleVisitor for BadWeights {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if parameter.is_require_grad() {
            let weight = parameter.val().without_autodiff();
            self.counts.push(weight.is_finite().bool_not().float().sum());
        }
    }
}

/// Undoes the latest forward pass's update of running statistics, such as those of batch normalisation.
/// Burn applies that update only at the next forward pass or in [`valid`](Module::valid).
pub(crate) fn before_forward<M: Module>(model: M) -> M {
    let mut statistics = Statistics(TensorContainer::new());
    model.visit(&mut statistics);
    // Burn applies the pending update, which is then overwritten.
    drop(model.valid());
    model.map(&mut statistics)
}

/// Tensors that are not learned, by parameter.
struct Statistics(TensorContainer<ParamId>);

impl ModuleVisitor for Statistics {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if !parameter.is_require_grad() {
            self.0.register(parameter.id, parameter.val());
        }
    }
}

impl ModuleMapper for Statistics {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.0.remove::<Tensor<D>>(&parameter.id) {
            Some(before) => parameter.map(|_| before),
            None => parameter,
        }
    }
}
