//! Sources of gradients: a backward pass, or an accumulator.

use burn::module::Param;
use burn::optim::GradientsParams;
use burn::tensor::{Gradients, Tensor};

/// A source of gradients by parameter.
///
/// Implemented for Burn's [`Gradients`], right after `backward`, and [`GradientsParams`], which
/// optimisers take and [`GradientsAccumulator`](burn::optim::GradientsAccumulator) returns.
pub trait GradientSource {
    /// Returns the gradient of the loss with respect to `parameter`, without autodiff, or `None`
    /// if the loss does not depend on it.
    fn gradient<const D: usize>(&self, parameter: &Param<Tensor<D>>) -> Option<Tensor<D>>;
}

impl GradientSource for Gradients {
    fn gradient<const D: usize>(&self, parameter: &Param<Tensor<D>>) -> Option<Tensor<D>> {
        parameter.grad(self)
    }
}

impl GradientSource for GradientsParams {
    fn gradient<const D: usize>(&self, parameter: &Param<Tensor<D>>) -> Option<Tensor<D>> {
        self.get(parameter.id)
    }
}
