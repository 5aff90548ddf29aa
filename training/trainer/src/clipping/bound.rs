//! Applies clipping to each gradient.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::factor::{Factor, widened};
use super::queued::{QueuedFactor, Size};
use crate::host::{is_finite, is_host};

/// How each gradient is bounded.
#[expect(clippy::large_enum_variant, reason = "one is made for each clipping")]
pub(super) enum Bound {
    /// Multiplied by this.
    Factor(Factor),
    /// Multiplied by a factor on the device.
    Queued(QueuedFactor),
    /// Scaled to this norm if its norm is larger.
    Norm(f64),
    /// Clamped to ± this.
    Value(f64),
}

impl Bound {
    fn apply<const D: usize>(&self, gradient: Tensor<D>) -> Tensor<D> {
        let dtype = gradient.dtype();
        match self {
            Self::Factor(factor) => factor.apply(widened(gradient)).cast(dtype),
            Self::Queued(factor) => factor.apply(widened(gradient)).cast(dtype),
            Self::Norm(bound) => to_norm(gradient, *bound),
            Self::Value(bound) => clamped(gradient, *bound),
        }
    }

    /// Bounds every gradient of a module once, even if layers share the parameter.
    pub(super) fn apply_to_all<M: Module>(
        self,
        module: &M,
        gradients: GradientsParams,
    ) -> GradientsParams {
        let mut each = Each { bound: self, before: gradients, after: GradientsParams::new() };
        module.visit(&mut each);
        each.after
    }
}

struct Each {
    bound: Bound,
    before: GradientsParams,
    after: GradientsParams,
}

impl ModuleVisitor for Each {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if let Some(gradient) = self.before.remove::<D>(parameter.id) {
            self.after.register(parameter.id, self.bound.apply(gradient));
        }
    }
}

/// Scales a gradient to a norm if its norm is larger.
fn to_norm<const D: usize>(gradient: Tensor<D>, bound: f64) -> Tensor<D> {
    let dtype = gradient.dtype();
    if gradient.shape().num_elements() == 0 {
        return gradient;
    }
    let wide = widened(gradient.clone());
    if !is_host(&wide.device()) {
        return Size::of(wide.clone()).bounding(bound).apply(wide).cast(dtype);
    }
    match Factor::of(wide, bound) {
        Some(factor) => factor.apply(widened(gradient)).cast(dtype),
        None => gradient,
    }
}

/// Clamps a finite gradient to ± `bound`: clamping would hide an infinity.
fn clamped<const D: usize>(gradient: Tensor<D>, bound: f64) -> Tensor<D> {
    match is_finite(gradient.clone()) {
        Some(true) => gradient.clamp(-bound, bound),
        Some(false) => gradient,
        None => {
            let is_broken = gradient.clone().is_finite().bool_not();
            gradient.clone().clamp(-bound, bound).mask_where(is_broken, gradient)
        }
    }
}
