//! Clipping factors of gradients in host memory.

use backdraft_hooks::{GradientSource, global_norm};
use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{DType, ExecutionError, FloatDType, Tensor};

/// A factor, also as a product of two: the factor itself may be too small for the gradient's type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Factor {
    whole: f64,
    parts: [f64; 2],
}

impl Factor {
    /// Returns the factor that scales gradients of a joint norm to a bound.
    fn bounding(norm: f64, bound: f64) -> Self {
        let root = norm.sqrt();
        Self { whole: bound / norm, parts: [root.recip(), bound / root] }
    }

    /// Returns the factor that scales a tensor of 32- or 64-bit floats to an L2 norm of `bound`; `None` if
    /// its norm is not larger or it is not finite.
    pub(super) fn of<const D: usize>(tensor: Tensor<D>, bound: f64) -> Option<Self> {
        let largest = tensor.clone().abs().max().into_scalar::<f64>();
        if largest == 0.0 || !largest.is_finite() {
            return None;
        }
        // Scaling by a power of two rounds nothing. The limit keeps its reciprocal normal.
        let limit = if tensor.dtype() == DType::F64 { 1_022 } else { 126 };
        let exponent = (largest.log2().floor() as i32).clamp(-limit, limit);
        let (scale, unscale) = (2f64.powi(-exponent), 2f64.powi(exponent));
        let norm = tensor.mul_scalar(scale).square().sum().sqrt(); // [1]
        let factor = norm.recip().mul_scalar(bound).into_scalar::<f64>();
        (factor < unscale).then_some(Self { whole: scale * factor, parts: [scale, factor] })
    }

    /// Multiplies a tensor of 32- or 64-bit floats by the factor.
    pub(super) fn apply<const D: usize>(self, tensor: Tensor<D>) -> Tensor<D> {
        let smallest = match tensor.dtype() {
            DType::F64 => f64::MIN_POSITIVE,
            _ => f64::from(f32::MIN_POSITIVE),
        };
        if self.whole >= smallest {
            return tensor.mul_scalar(self.whole);
        }
        let [first, second] = self.parts;
        tensor.mul_scalar(first).mul_scalar(second)
    }
}

/// Returns the joint L2 norm of the gradients of `module`. Waits for the device once.
pub(super) fn norm<M: Module>(
    module: &M,
    gradients: &GradientsParams,
) -> Result<f64, ExecutionError> {
    global_norm(module, &Wide { gradients, factor: 1.0 })
}

/// Returns the factor that scales gradients in host memory to a joint norm of `bound`; `None` if their
/// norm, which may be `known`, is not larger, or they are not finite.
pub(super) fn global_factor<M: Module>(
    module: &M,
    gradients: &GradientsParams,
    known: Option<f64>,
    bound: f64,
) -> Result<Option<Factor>, ExecutionError> {
    let norm = known.map_or_else(|| norm(module, gradients), Ok)?;
    if norm.is_finite() {
        return Ok((norm > bound).then(|| Factor::bounding(norm, bound)));
    }
    // The norm of finite 64-bit floats can overflow.
    const SMALLER: f64 = 1.0 / (1u64 << 40) as f64;
    let smaller = global_norm(module, &Wide { gradients, factor: SMALLER })?;
    let factor = Factor::bounding(smaller, bound);
    let [first, second] = factor.parts;
    let factor = Factor { whole: factor.whole * SMALLER, parts: [first * SMALLER, second] };
    Ok(smaller.is_finite().then_some(factor))
}

/// Gradients, [widened] and multiplied by a factor.
struct Wide<'a> {
    gradients: &'a GradientsParams,
    factor: f64,
}

impl GradientSource for Wide<'_> {
    fn gradient<const D: usize>(&self, parameter: &Param<Tensor<D>>) -> Option<Tensor<D>> {
        let gradient = widened(self.gradients.get::<D>(parameter.id)?);
        Some(if self.factor == 1.0 { gradient } else { gradient.mul_scalar(self.factor) })
    }
}

/// Converts 16-bit floats to 32 bits: sums would overflow or lose precision.
pub(super) fn widened<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    if matches!(tensor.dtype(), DType::F16 | DType::BF16) {
        tensor.cast(FloatDType::F32)
    } else {
        tensor
    }
}
