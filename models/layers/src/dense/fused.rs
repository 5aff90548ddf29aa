//! The activations fused into the dense node, and their slopes.

use backdraft_spec::Activation;

use crate::kernel::{erf, exp, exp_less_one, sigmoid, tanh};

/// What the backward pass computes the activation's slope from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Nothing: the slope is one.
    Nothing,
    /// The activation's output.
    Output,
    /// The activation's input.
    Input,
}

/// Scale and α of the self-normalising unit (Klambauer et al. 2017, equation 14).
const SELU: [f32; 2] = [1.050_701, 1.673_263_2];
const LEAK: f32 = 0.01;

/// Returns what the node keeps for the backward pass, or `None` if it does not fuse the activation.
pub(super) fn kept(activation: Activation) -> Option<Kept> {
    use Activation::{Celu, Elu, Gelu, Identity, LeakyRelu, Relu, Selu, Sigmoid, Silu, Tanh};
    match activation {
        Identity => Some(Kept::Nothing),
        Relu | LeakyRelu | Elu | Celu | Selu | Sigmoid | Tanh => Some(Kept::Output),
        Gelu | Silu => Some(Kept::Input),
        _ => None,
    }
}

/// Adds the bias, `[outputs]`, to each row of `[batch, outputs]` and applies a fused activation.
pub(super) fn apply(activation: Activation, values: &mut [f32], bias: &[f32]) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || match activation {
            Activation::Relu => finish(values, bias, |x| if x < 0.0 { 0.0 } else { x }),
            Activation::LeakyRelu => finish(values, bias, |x| if x < 0.0 { LEAK * x } else { x }),
            Activation::Elu | Activation::Celu => finish(values, bias, |x| elu(x, 1.0)),
            Activation::Selu => finish(values, bias, |x| SELU[0] * elu(x, SELU[1])),
            Activation::Sigmoid => finish(values, bias, sigmoid),
            Activation::Tanh => finish(values, bias, tanh),
            Activation::Gelu => finish(values, bias, |x| x * cumulative(x)),
            Activation::Silu => finish(values, bias, silu),
            _ => finish(values, bias, |x| x),
        },
    );
}

/// Multiplies gradients by the slope of a fused activation, given what was [`kept`].
pub(super) fn multiply_by_slope(activation: Activation, gradients: &mut [f32], kept: &[f32]) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || match activation {
            Activation::Relu => set(gradients, kept, |g, y| if y <= 0.0 { 0.0 } else { g }),
            // Check the sign, because a subnormal input may have produced −0.
            Activation::LeakyRelu => {
                set(gradients, kept, |g, y| if y.is_sign_negative() { LEAK * g } else { g });
            }
            Activation::Elu | Activation::Celu => {
                set(gradients, kept, |g, y| if y < 0.0 { g * (y + 1.0) } else { g });
            }
            Activation::Selu => set(gradients, kept, |g, y| {
                let [scale, alpha] = SELU;
                g * if y < 0.0 { y + scale * alpha } else { scale }
            }),
            Activation::Sigmoid => set(gradients, kept, |g, y| g * y * (1.0 - y)),
            Activation::Tanh => set(gradients, kept, |g, y| g * (1.0 - y * y)),
            Activation::Gelu => set(gradients, kept, |g, x| {
                const DENSITY_AT_0: f32 = 0.398_942_3; // 1 / √(2π)
                // `exp` stops at e⁻⁸⁷, which a huge factor would make visible.
                let near = x.clamp(-16.0, 16.0);
                g * (cumulative(x) + near * DENSITY_AT_0 * exp(-0.5 * near * near))
            }),
            Activation::Silu => set(gradients, kept, |g, x| {
                let s = sigmoid(x);
                g * (s + above_tail(x) * s * (1.0 - s))
            }),
            _ => {}
        },
    );
}

#[inline(always)]
fn elu(x: f32, alpha: f32) -> f32 {
    if x < 0.0 { alpha * exp_less_one(x) } else { x }
}

#[inline(always)]
fn silu(x: f32) -> f32 {
    above_tail(x) * sigmoid(x)
}

/// x, but at least −100: because [`exp`] stops at e⁸⁷, the sigmoid has a smallest value, which a
/// huge factor would make visible.
#[inline(always)]
fn above_tail(x: f32) -> f32 {
    if x < -100.0 { -100.0 } else { x }
}

/// Φ, the normal distribution function.
#[inline(always)]
fn cumulative(x: f32) -> f32 {
    0.5 * erf(x * std::f32::consts::FRAC_1_SQRT_2) + 0.5
}

#[inline(always)]
fn finish(all: &mut [f32], bias: &[f32], activation: impl Fn(f32) -> f32) {
    for row in all.chunks_exact_mut(bias.len()) {
        set(row, bias, |value, bias| activation(value + bias));
    }
}

#[inline(always)]
fn set(values: &mut [f32], others: &[f32], f: impl Fn(f32, f32) -> f32) {
    for (value, other) in values.iter_mut().zip(others) {
        *value = f(*value, *other);
    }
}
