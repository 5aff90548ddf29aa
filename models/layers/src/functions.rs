//! Activation functions that Burn 0.22.1 gets wrong somewhere, written out in its own operations.
//!
//! `docs/upstream.md` says what is wrong with each, and where in Burn.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use burn::tensor::{DType, Tensor, activation as burn_activation};

/// Computes 1 / (1 + e⁻ˣ) in the precision of its argument.
///
/// Burn narrows `f64` to `f32` for it on every back end but flex.
///
/// # Shapes
///
/// - input, output: the same, any
pub fn sigmoid<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    if tensor.dtype() != DType::F64 {
        return burn_activation::sigmoid(tensor);
    }
    // e^−|x| cannot overflow. Written with a mask, not with `abs`, its slope is right at 0 too.
    let is_positive = tensor.clone().greater_scalar(0.0);
    let exponent = tensor.clone().mask_where(is_positive.clone(), tensor.neg());
    let decay = exponent.exp();
    decay.clone().mask_fill(is_positive, 1.0) / (decay + 1.0)
}

/// x for x > 0, eˣ − 1 below.
///
/// Burn takes eˣ of positive numbers too and masks it afterwards; the gradient of one that overflows is
/// 0 · ∞. And its eˣ − 1 cancels near 0: that of −1e-9 is 0 in `f32`.
pub(crate) fn elu<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    let is_positive = tensor.clone().greater_scalar(0.0);
    let below = exp_less_one(tensor.clone().mask_fill(is_positive.clone(), 0.0));
    below.mask_where(is_positive, tensor)
}

/// ELU with scale and α of Klambauer et al. 2017, equation 14; see [`elu`].
pub(crate) fn selu<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    const SCALE: f64 = 1.050_700_987_355_480_5;
    const ALPHA: f64 = 1.673_263_242_354_377_3;
    let is_above = tensor.clone().greater_equal_scalar(0.0);
    let below = exp_less_one(tensor.clone().mask_fill(is_above.clone(), 0.0));
    below.mul_scalar(SCALE * ALPHA).mask_where(is_above, tensor.mul_scalar(SCALE))
}

/// eˣ − 1 of numbers that are not positive.
///
/// The digits that the subtraction cancels are those of eˣ − 1 = (eˣ + 1) tanh(x / 2). They are added as
/// constants, so that the slope is eˣ.
fn exp_less_one<const D: usize>(exponent: Tensor<D>) -> Tensor<D> {
    let power = exponent.clone().exp();
    let (half, constant) = (exponent.detach().mul_scalar(0.5), power.clone().detach());
    let exact = half.tanh() * constant.clone().add_scalar(1.0);
    let cancelled = exact - constant.sub_scalar(1.0);
    power.sub_scalar(1.0) + cancelled
}

/// x Φ(x).
///
/// Burn differentiates it by the tanh approximation on every back end but flex, which is off by up to
/// 1e-3 and so not the gradient of what is computed.
pub(crate) fn gelu<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    let cumulative = (tensor.clone() * FRAC_1_SQRT_2).erf() * 0.5 + 0.5;
    tensor * cumulative
}

/// GELU in its tanh approximation (Hendrycks & Gimpel 2016, § 2).
///
/// In Burn the gradient of numbers whose square overflows is 0 · ∞.
pub(crate) fn gelu_approximate<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    // The tanh is ±1 to the last bit of `f64` from 8 on.
    let near = tensor.clone().clamp(-16.0, 16.0);
    let angle = near.clone() + near.powf_scalar(3.0) * 0.044715;
    let tanh = (angle * (FRAC_2_SQRT_PI * FRAC_1_SQRT_2)).tanh();
    tensor * ((tanh + 1) * 0.5)
}

/// ln(1 + eˣ).
///
/// Burn takes x itself above 20, which is off by 2e-9: nothing in `f32`, much in `f64`.
pub(crate) fn softplus<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    if tensor.dtype() == DType::F64 {
        // Burn lowers the threshold to the largest number whose exponential is finite.
        return burn_activation::softplus_with_threshold(tensor, 1.0, f64::MAX);
    }
    burn_activation::softplus(tensor, 1.0)
}

/// x · tanh(ln(1 + eˣ)); see [`softplus`].
pub(crate) fn mish<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    tensor.clone() * softplus(tensor).tanh()
}

/// x · sigmoid(x); see [`sigmoid`].
pub(crate) fn silu<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    tensor.clone() * sigmoid(tensor)
}

/// `clamp(slope · x + 0.5, 0, 1)`.
///
/// Burn narrows `f64` to `f32` for it wherever it is differentiated, and gradients below 1e-45 to 0.
pub(crate) fn hard_sigmoid<const D: usize>(tensor: Tensor<D>, slope: f64) -> Tensor<D> {
    tensor.mul_scalar(slope).add_scalar(0.5).clamp(0.0, 1.0)
}
