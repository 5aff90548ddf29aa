//! Clipping factors of gradients on an accelerator, computed without waiting for it.

use std::collections::HashSet;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{DType, FloatDType, Tensor};

use super::factor::widened;
use crate::host::is_host;

/// An L2 norm as a product of two numbers on the device that neither overflow nor underflow.
#[derive(Clone)]
pub(super) struct Size {
    /// The largest magnitude, shape `[1]`.
    scale: Tensor<1>,
    /// The norm over the scale, from 1 to the root of the number of elements, shape `[1]`.
    relative: Tensor<1>,
}

impl Size {
    /// Queues the size of a tensor with at least one element.
    pub(super) fn of<const D: usize>(tensor: Tensor<D>) -> Self {
        let count = tensor.shape().num_elements();
        let scale = tensor.clone().abs().max();
        let relative = over(tensor.reshape([count]), &scale);
        Self { scale, relative: relative.square().sum().sqrt() }
    }

    /// Queues the size of all tensors together; `None` if there are none.
    pub(super) fn of_all(sizes: Vec<Self>) -> Option<Self> {
        if sizes.is_empty() {
            return None;
        }
        let is_wide = sizes.iter().any(|size| size.scale.dtype() == DType::F64);
        let dtype = if is_wide { FloatDType::F64 } else { FloatDType::F32 };
        let joined = |part: fn(&Self) -> &Tensor<1>| {
            Tensor::cat(sizes.iter().map(|size| part(size).clone().cast(dtype)).collect(), 0)
        };
        let (scales, relatives) = (joined(|size| &size.scale), joined(|size| &size.relative));
        let scale = scales.clone().max();
        let parts = relatives * over(scales, &scale);
        Some(Self { scale, relative: parts.square().sum().sqrt() })
    }

    /// Returns the factor that scales a tensor of this size to `bound`.
    pub(super) fn bounding(self, bound: f64) -> QueuedFactor {
        let Self { scale, relative } = self;
        let factor = relative.clone().recip().mul_scalar(bound);
        let is_above = factor.clone().lower(scale.clone());
        let are_finite = scale.clone().is_finite().bool_and(relative.is_finite());
        let is_left_alone = is_above.bool_and(are_finite).bool_not();
        let [root, bound] = [scale.sqrt().recip(), factor]
            .map(|factor| factor.mask_fill(is_left_alone.clone(), 1.0));
        QueuedFactor { root, bound }
    }
}

/// A factor on the device; 1 if the norm is within the bound or not finite.
#[derive(Clone)]
pub(super) struct QueuedFactor {
    /// Applied twice, it scales the largest element to 1, shape `[1]`.
    pub(super) root: Tensor<1>,
    /// Scales the result to the bound, shape `[1]`.
    pub(super) bound: Tensor<1>,
}

impl QueuedFactor {
    /// Multiplies a tensor of 32- or 64-bit floats by the factor.
    pub(super) fn apply<const D: usize>(&self, tensor: Tensor<D>) -> Tensor<D> {
        let dtype = tensor.dtype();
        let [root, bound] =
            [&self.root, &self.bound].map(|factor| factor.clone().cast(dtype).unsqueeze());
        tensor * root.clone() * root * bound
    }
}

/// Returns `values / scale`, or `values` if the scale is 0.
fn over(values: Tensor<1>, scale: &Tensor<1>) -> Tensor<1> {
    let divisor = scale.clone().mask_fill(scale.clone().equal_elem(0.0), 1.0);
    values / divisor
}

/// Queues the joint size of the gradients of `module`; `None` if they are in host memory or there are
/// none.
pub(super) fn queued_size<M: Module>(module: &M, gradients: &GradientsParams) -> Option<Size> {
    let mut sizes = Sizes { gradients, seen: HashSet::new(), sizes: Vec::new() };
    module.visit(&mut sizes);
    Size::of_all(sizes.sizes)
}

struct Sizes<'a> {
    gradients: &'a GradientsParams,
    seen: HashSet<ParamId>,
    sizes: Vec<Size>,
}

impl ModuleVisitor for Sizes<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let gradient = self.gradients.get::<D>(parameter.id);
        let Some(gradient) = gradient.filter(|gradient| !is_host(&gradient.device())) else {
            return;
        };
        if gradient.shape().num_elements() > 0 && self.seen.insert(parameter.id) {
            self.sizes.push(Size::of(widened(gradient)));
        }
    }
}
