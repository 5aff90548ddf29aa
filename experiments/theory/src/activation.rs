//! Activation functions of one number, for the theory of wide networks.

use backdraft_spec::Activation::{self, *};
use libm::erfc;

/// An activation function of one number.
///
/// Implemented for every [`Activation`], with PReLU at its initial slope; implement it for your own. The
/// theory resolves functions that vary over lengths of about 1 around 0, and that are as smooth as a power of
/// x farther out.
pub trait ScalarFunction {
    /// Returns φ(x).
    fn value(&self, x: f64) -> f64;

    /// Returns φ′(x) as back-propagation computes it: a jump of φ contributes nothing.
    fn derivative(&self, x: f64) -> f64;

    /// Returns where φ or φ′ jumps, other than at 0.
    fn kinks(&self) -> &'static [f64] {
        &[]
    }
}

const LEAKY_SLOPE: f64 = 0.01;
/// Klambauer et al. 2017, eq. 14.
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_3;
/// Inner slope and cubic term of GELU's approximation (Hendrycks & Gimpel 2016, § 2).
const GELU_SLOPE: f64 = 0.797_884_560_802_865_4;
const GELU_CUBIC: f64 = 0.044_715;

/// Φ(x), the share of a standard Gaussian below x.
fn normal_distribution(x: f64) -> f64 {
    0.5 * erfc(-x / std::f64::consts::SQRT_2)
}

fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// 1 − tanh(x)², without subtracting.
fn squared_secant(x: f64) -> f64 {
    x.cosh().powi(-2)
}

/// x − tanh(x), near 0 by its series.
fn tanh_shrink(x: f64) -> f64 {
    if x.abs() > 0.05 {
        return x - x.tanh();
    }
    let square = x * x;
    let terms = [-1_382.0 / 155_925.0, 62.0 / 2_835.0, -17.0 / 315.0, 2.0 / 15.0, -1.0 / 3.0];
    -x * square * terms.into_iter().fold(0.0, |sum, term| sum * square + term)
}

/// `above` where the condition holds, else 0.
fn where_true(condition: bool, above: f64) -> f64 {
    if condition { above } else { 0.0 }
}

/// `above` for x > 0, else `below`.
fn by_sign(x: f64, above: f64, below: f64) -> f64 {
    if x > 0.0 { above } else { below }
}

impl ScalarFunction for Activation {
    fn value(&self, x: f64) -> f64 {
        match self {
            Identity => x,
            Sigmoid => sigmoid(x),
            Tanh => x.tanh(),
            Relu => x.max(0.0),
            LeakyRelu => x.max(LEAKY_SLOPE * x),
            Prelu => x.max(Self::PRELU_SLOPE * x),
            Elu | Celu => by_sign(x, x, x.exp_m1()),
            Selu => SELU_SCALE * by_sign(x, x, SELU_ALPHA * x.exp_m1()),
            Gelu => x * normal_distribution(x),
            GeluApproximate => x * sigmoid(2.0 * gelu_angle(x)),
            Silu => x * sigmoid(x),
            Mish => x * softplus(x).tanh(),
            Softplus => softplus(x),
            Softsign => x / (1.0 + x.abs()),
            LogSigmoid => -softplus(-x),
            HardSigmoid => (0.2 * x + 0.5).clamp(0.0, 1.0),
            HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
            HardTanh => x.clamp(-1.0, 1.0),
            Relu6 => x.clamp(0.0, 6.0),
            ThresholdedRelu => where_true(x > 1.0, x),
            TanhShrink => tanh_shrink(x),
            HardShrink => where_true(x.abs() > 0.5, x),
            SoftShrink => where_true(x.abs() > 0.5, x - 0.5 * x.signum()),
        }
    }

    fn derivative(&self, x: f64) -> f64 {
        match self {
            Identity => 1.0,
            Sigmoid => sigmoid(x) * sigmoid(-x),
            Tanh => squared_secant(x),
            Relu => by_sign(x, 1.0, 0.0),
            LeakyRelu => by_sign(x, 1.0, LEAKY_SLOPE),
            Prelu => by_sign(x, 1.0, Self::PRELU_SLOPE),
            Elu | Celu => by_sign(x, 1.0, x.exp()),
            Selu => SELU_SCALE * by_sign(x, 1.0, SELU_ALPHA * x.exp()),
            Gelu => normal_distribution(x) + x * normal_density(x),
            GeluApproximate => {
                let angle = 2.0 * gelu_angle(x);
                let slope = 2.0 * GELU_SLOPE * (1.0 + 3.0 * GELU_CUBIC * x * x);
                // Far out the slope overflows while the bend it multiplies is gone.
                let bend = x * sigmoid(angle) * sigmoid(-angle);
                sigmoid(angle) + if bend == 0.0 { 0.0 } else { bend * slope }
            }
            Silu => sigmoid(x) * (1.0 + x * sigmoid(-x)),
            Mish => {
                let tanh = softplus(x).tanh();
                tanh + x * squared_secant(softplus(x)) * sigmoid(x)
            }
            Softplus => sigmoid(x),
            Softsign => 1.0 / (1.0 + x.abs()).powi(2),
            LogSigmoid => sigmoid(-x),
            HardSigmoid => where_true(x.abs() < 2.5, 0.2),
            HardSwish if x.abs() < 3.0 => x / 3.0 + 0.5,
            HardSwish => by_sign(x, 1.0, 0.0),
            HardTanh => where_true(x.abs() < 1.0, 1.0),
            Relu6 => where_true((0.0..6.0).contains(&x), 1.0),
            ThresholdedRelu => where_true(x > 1.0, 1.0),
            TanhShrink => x.tanh().powi(2),
            HardShrink | SoftShrink => where_true(x.abs() > 0.5, 1.0),
        }
    }

    fn kinks(&self) -> &'static [f64] {
        match self {
            HardSigmoid => &[-2.5, 2.5],
            HardSwish => &[-3.0, 3.0],
            HardTanh => &[-1.0, 1.0],
            Relu6 => &[6.0],
            ThresholdedRelu => &[1.0],
            HardShrink | SoftShrink => &[-0.5, 0.5],
            _ => &[],
        }
    }
}

fn gelu_angle(x: f64) -> f64 {
    GELU_SLOPE * (x + GELU_CUBIC * x.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Away from the kinks, some on either side of each.
    const POINTS: [f64; 9] = [-6.5, -2.8, -2.2, -0.7, -0.4, 0.3, 0.8, 1.9, 3.3];

    #[test]
    fn derivatives_are_those_of_the_values() {
        for activation in Activation::ALL {
            for x in POINTS {
                let step = 1e-5;
                let difference = activation.value(x + step) - activation.value(x - step);
                let slope = difference / (2.0 * step);
                let error = (activation.derivative(x) - slope).abs();
                assert!(error < 1e-8, "{activation:?} at {x}: {error}");
            }
        }
    }

    #[test]
    fn numbers_up_to_1e150_have_a_value_and_a_slope() {
        for activation in Activation::ALL {
            for x in (0..=150).flat_map(|power| [10f64.powi(power), -10f64.powi(power)]) {
                let (value, slope) = (activation.value(x), activation.derivative(x));
                assert!(value.is_finite() && slope.is_finite(), "{activation:?} at {x:e}");
            }
        }
    }

    #[test]
    fn small_values_keep_their_digits() {
        // mpmath, 40 digits.
        for (activation, x, value, slope) in [
            (TanhShrink, 1e-5, 3.333_333_333_200_001e-16, 9.999_999_999_333_335e-11),
            (TanhShrink, 0.04, 2.131_968_883_642_949e-5, 1.598_294_879_422_218e-3),
            (Tanh, 25.0, 1.0, 7.714_999_391_855_671e-22),
            (Gelu, -12.0, -2.131_778_534_493_215e-32, -2.557_895_661_674_876e-31),
            (GeluApproximate, -6.0, -8.439_646_700_762_297e-11, -7.709_973_930_953_695e-10),
        ] {
            let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-9;
            assert!(close(activation.value(x), value), "{activation:?}: {:e}", activation.value(x));
            let found = activation.derivative(x);
            assert!(close(found, slope), "{activation:?}′: {found:e}");
        }
    }
}
