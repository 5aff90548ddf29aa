//! Activation functions that Burn 0.22.1 computes incorrectly for some inputs, rewritten in terms
//! of its basic operations.
//!
//! `docs/upstream.md` describes each fault and where it is in Burn.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use burn::tensor::{DType, Tensor, activation as burn_activation};

/// Computes 1 / (1 + e⁻ˣ) in the precision of its argument.
///
/// Burn narrows `f64` to `f32` on every back end except flex.
///
/// # Shapes
///
/// - input, output: the same, any
pub fn sigmoid<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    if tensor.dtype() != DType::F64 {
        return burn_activation::sigmoid(tensor);
    }
    // e^−|x| cannot overflow. A mask instead of `abs` gives the right slope at 0.
    let is_positive = tensor.clone().greater_scalar(0.0);
    let exponent = tensor.clone().mask_where(is_positive.clone(), tensor.neg());
    let decay = exponent.exp();
    decay.clone().mask_fill(is_positive, 1.0) / (decay + 1.0)
}

/// x for x > 0, eˣ − 1 below.
///
/// Burn also computes eˣ for positive x and masks it afterwards, so the gradient is 0 · ∞ = NaN
/// once eˣ overflows. Its eˣ − 1 also cancels near 0: for x = −1e-9 it is 0 in `f32`.
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

/// eˣ − 1 for x ≤ 0.
///
/// The series x + x²/2 + x³/6 restores the digits that the subtraction loses near 0. The correction is
/// added as a constant, so the slope remains eˣ.
fn exp_less_one<const D: usize>(exponent: Tensor<D>) -> Tensor<D> {
    // Relative errors at this bound: 6e-6 of the subtraction in `f32` and 2e-12 in `f64`, and less of
    // the series.
    let bound = if exponent.dtype() == DType::F64 { -1e-4 } else { -1e-2 };
    let x = exponent.clone().detach();
    let less_one = exponent.exp().sub_scalar(1.0);
    let is_far = x.clone().lower_scalar(bound);
    let series = x.clone().mul_scalar(1.0 / 3.0).add_scalar(1.0) * x.clone();
    let series = series.mul_scalar(0.5).add_scalar(1.0) * x;
    let correction = series - less_one.clone().detach();
    less_one + correction.mask_fill(is_far, 0.0)
}

/// x Φ(x).
///
/// On every back end except flex, Burn differentiates the tanh approximation instead, which is off
/// by up to 1e-3.
pub(crate) fn gelu<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    let cumulative = (tensor.clone() * FRAC_1_SQRT_2).erf() * 0.5 + 0.5;
    tensor * cumulative
}

/// GELU in its tanh approximation (Hendrycks & Gimpel 2016, § 2).
///
/// In Burn, the gradient is 0 · ∞ = NaN where x² overflows.
pub(crate) fn gelu_approximate<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    // From |x| = 8 on, the tanh is exactly ±1 in `f64`.
    let near = tensor.clone().clamp(-16.0, 16.0);
    let angle = near.clone() + near.powf_scalar(3.0) * 0.044715;
    let tanh = (angle * (FRAC_2_SQRT_PI * FRAC_1_SQRT_2)).tanh();
    tensor * ((tanh + 1) * 0.5)
}

/// ln(1 + eˣ).
///
/// Above 20, Burn returns x, which is off by 2e-9: below rounding error in `f32` but not in `f64`.
pub(crate) fn softplus<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    if tensor.dtype() == DType::F64 {
        // Burn lowers the threshold to the largest number with a finite exponential.
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
/// With autodiff, Burn narrows `f64` to `f32`, so gradients below 1e-45 become 0.
pub(crate) fn hard_sigmoid<const D: usize>(tensor: Tensor<D>, slope: f64) -> Tensor<D> {
    tensor.mul_scalar(slope).add_scalar(0.5).clamp(0.0, 1.0)
}
