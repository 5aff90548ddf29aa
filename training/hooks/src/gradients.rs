//! Sources of gradients: a backward pass, or an accumulator.

use burn::module::Param;
use burn::optim::{GradientsParams, MultiGradientsParams};
use burn::tensor::{Gradients, Tensor};

/// A source of gradients by parameter.
///
/// Implemented for Burn's [`Gradients`], right after `backward`, [`GradientsParams`], which
/// optimisers take and [`GradientsAccumulator`](burn::optim::GradientsAccumulator) returns, and
/// [`MultiGradientsParams`], of several devices, whose sum an optimiser takes.
pub trait GradientSource {
    /// Returns the gradient of the loss with respect to `parameter`, without autodiff, or `None`
    /// if the loss does not depend on it.
    fn gradient<const D: usize>(&self, parameter: &Param<Tensor<D>>) -> Option<Tensor<D>>;

    /// Returns the backward pass itself, which has the gradients of tapped activations; `None` if
    /// there is only what it left for the parameters.
    fn backward_pass(&self) -> Option<&Gradients> {
        None
    }
}

impl GradientSource for Gradients {
    fn gradient<const D: usize>(&self, parameter: &Param<Tensor<D>>) -> Option<Tensor<D>> {
        parameter.grad(self)
    }

    fn backward_pass(&self) -> Option<&Gradients> {
        Some(self)
    }
}

impl GradientSource for GradientsParams {
    fn gradient<const D: usize>(&self, parameter: &Param<Tensor<D>>) -> Option<Tensor<D>> {
        self.get(parameter.id)
    }
}

impl GradientSource for MultiGradientsParams {
    fn gradient<const D: usize>(&self, parameter: &Param<Tensor<D>>) -> Option<Tensor<D>> {
        let device = parameter.lazy_device().without_autodiff();
        let of_each = self.grads.iter().filter_map(|(gradients, _)| gradients.get(parameter.id));
        of_each
            .map(|gradient: Tensor<D>| gradient.to_device(&device))
            .reduce(|sum, more| sum + more)
    }
}
