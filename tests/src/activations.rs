//! Every activation function in `f64`, by its closed form, with the slopes on either side.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI, TAU};

use backdraft_layers::Activation;

/// A function at one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// φ(x)
    pub value: f64,
    /// φ′ just below x and just above; different at a kink.
    pub slopes: [f64; 2],
}

/// Evaluates an activation, PReLU at its initial slope.
///
/// The formulas keep their digits in the tails, however small the result.
#[expect(clippy::too_many_lines, reason = "a table of formulas")]
pub fn closed_form(activation: Activation, x: f64) -> Point {
    match activation {
        Activation::Identity => smooth(x, 1.0),
        Activation::Sigmoid => smooth(logistic(x), logistic(x) * logistic(-x)),
        Activation::Tanh => smooth(x.tanh(), x.cosh().recip().powi(2)),
        Activation::Relu => pieces(x, &[(0.0, 0.0, 0.0)], (x, 1.0)),
        Activation::LeakyRelu => pieces(x, &[(0.0, 0.01 * x, 0.01)], (x, 1.0)),
        Activation::Prelu => pieces(x, &[(0.0, 0.25 * x, 0.25)], (x, 1.0)),
        Activation::Elu | Activation::Celu => pieces(x, &[(0.0, x.exp_m1(), x.exp())], (x, 1.0)),
        Activation::Selu => {
            // Klambauer et al. 2017, § 2: α₀₁ and λ₀₁.
            let (alpha, scale) = (1.673_263_242_354_377_2, 1.050_700_987_355_480_5);
            let below = (0.0, scale * alpha * x.exp_m1(), scale * alpha * x.exp());
            pieces(x, &[below], (scale * x, scale))
        }
        Activation::Gelu => {
            let cumulative = 0.5 * complementary_error(-x * FRAC_1_SQRT_2);
            let density = (-0.5 * x * x).exp() / TAU.sqrt();
            smooth(vanishing(x, cumulative), cumulative + vanishing(x, density))
        }
        Activation::GeluApproximate => {
            // ½ (1 + tanh a) = logistic(2 a).
            let slope = (2.0 / PI).sqrt();
            let angle = slope * (x + 0.044_715 * x * x * x);
            let cumulative = logistic(2.0 * angle);
            let density = 2.0 * cumulative * logistic(-2.0 * angle);
            let steepness = slope * x * (1.0 + 3.0 * 0.044_715 * x * x);
            smooth(vanishing(x, cumulative), cumulative + vanishing(steepness, density))
        }
        Activation::Silu => {
            let (up, down) = (logistic(x), logistic(-x));
            smooth(vanishing(x, up), up + vanishing(x, up * down))
        }
        Activation::Mish => {
            // With n = (1 + eˣ)², tanh ln(1 + eˣ) = (n − 1) / (n + 1).
            let tanh = if x > 20.0 {
                1.0
            } else {
                x.exp() * (x.exp() + 2.0) / (x.exp() * (x.exp() + 2.0) + 2.0)
            };
            let slope = (log_of_one_plus_exp(x)).cosh().recip().powi(2) * logistic(x);
            smooth(vanishing(x, tanh), tanh + vanishing(x, slope))
        }
        Activation::Softplus => smooth(log_of_one_plus_exp(x), logistic(x)),
        Activation::Softsign => smooth(x / (1.0 + x.abs()), (1.0 + x.abs()).powi(-2)),
        Activation::LogSigmoid => smooth(-log_of_one_plus_exp(-x), logistic(-x)),
        Activation::HardSigmoid => {
            pieces(x, &[(-2.5, 0.0, 0.0), (2.5, 0.2 * x + 0.5, 0.2)], (1.0, 0.0))
        }
        Activation::HardSwish => {
            let middle = (3.0, x * (x + 3.0) / 6.0, (2.0 * x + 3.0) / 6.0);
            pieces(x, &[(-3.0, 0.0, 0.0), middle], (x, 1.0))
        }
        Activation::HardTanh => pieces(x, &[(-1.0, -1.0, 0.0), (1.0, x, 1.0)], (1.0, 0.0)),
        Activation::Relu6 => pieces(x, &[(0.0, 0.0, 0.0), (6.0, x, 1.0)], (6.0, 0.0)),
        Activation::ThresholdedRelu => pieces(x, &[(1.0, 0.0, 0.0)], (x, 1.0)),
        Activation::TanhShrink => smooth(shrunk(x), x.tanh().powi(2)),
        Activation::HardShrink => {
            let point = pieces(x, &[(-0.5, x, 1.0), (0.5, 0.0, 0.0)], (x, 1.0));
            if x == -0.5 { Point { value: 0.0, ..point } } else { point }
        }
        Activation::SoftShrink => {
            pieces(x, &[(-0.5, x + 0.5, 1.0), (0.5, 0.0, 0.0)], (x - 0.5, 1.0))
        }
    }
}

fn smooth(value: f64, slope: f64) -> Point {
    Point { value, slopes: [slope; 2] }
}

/// The piece that x lies in: each up to its end, with value and slope, and one beyond the last end.
fn pieces(x: f64, up_to: &[(f64, f64, f64)], beyond: (f64, f64)) -> Point {
    let after =
        |index: usize| up_to.get(index + 1).map_or(beyond, |(_, value, slope)| (*value, *slope));
    let found = up_to.iter().enumerate().find(|(_, (end, ..))| x <= *end);
    match found {
        Some((index, (end, value, slope))) if x == *end => {
            Point { value: *value, slopes: [*slope, after(index).1] }
        }
        Some((_, (_, value, slope))) => smooth(*value, *slope),
        None => smooth(beyond.0, beyond.1),
    }
}

/// x · y, which is 0 where y has vanished, even if x is infinite.
fn vanishing(x: f64, y: f64) -> f64 {
    if y == 0.0 { 0.0 } else { x * y }
}

/// 1 / (1 + e⁻ˣ)
fn logistic(x: f64) -> f64 {
    if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
}

/// ln(1 + eˣ)
fn log_of_one_plus_exp(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// x − tanh x, near 0 by its series.
fn shrunk(x: f64) -> f64 {
    if x.abs() > 0.01 {
        return x - x.tanh();
    }
    let square = x * x;
    x * square
        * (1.0 / 3.0 - square * (2.0 / 15.0 - square * (17.0 / 315.0 - square * 62.0 / 2835.0)))
}

/// 1 − erf x: by the series of erf up to 2, by Laplace's continued fraction above.
fn complementary_error(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - complementary_error(-x);
    }
    let square = x * x;
    if x < 2.0 {
        // erf x = 2/√π e^−x² Σ 2ⁿ x^(2n+1) / (2n+1)!!, of positive terms.
        let (mut term, mut sum) = (x, x);
        for n in 1..60 {
            term *= 2.0 * square / f64::from(2 * n + 1);
            sum += term;
        }
        return 1.0 - FRAC_2_SQRT_PI * (-square).exp() * sum;
    }
    // erfc x = e^−x² / √π · 1 / (x + ½ / (x + 1 / (x + 3/2 / (x + …))))
    let fraction = (1..200).rev().fold(x, |below, n| x + 0.5 * f64::from(n) / below);
    (-square).exp() / (PI.sqrt() * fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Abramowitz & Stegun, table 7.1 and 26.2, by a computer algebra system.
    #[test]
    fn the_complementary_error_function_is_right() {
        for (x, exact) in [
            (-0.5, 1.520_499_877_813_046_5),
            (0.5, 0.479_500_122_186_953_5),
            (1.0, 0.157_299_207_050_285_13),
            (1.999, 0.004_698_443_348_629_488),
            (2.0, 0.004_677_734_981_047_266),
            (3.0, 2.209_049_699_858_544e-5),
            (5.0, 1.537_459_794_428_035e-12),
        ] {
            let ours = complementary_error(x);
            assert!((ours / exact - 1.0).abs() < 1e-11, "erfc {x} = {ours}, not {exact}");
        }
    }

    #[test]
    fn slopes_are_those_of_the_values() {
        for activation in Activation::ALL {
            for x in [-7.3, -2.8, -1.2, -0.7, -0.3, 0.2, 0.8, 1.9, 2.7, 4.4, 8.1] {
                let h = 1e-5;
                let value = |x: f64| closed_form(*activation, x).value;
                let difference = (value(x + h) - value(x - h)) / (2.0 * h);
                let [below, above] = closed_form(*activation, x).slopes;
                assert_eq!(below, above, "{activation:?} at {x}");
                assert!((difference - below).abs() < 1e-9, "{activation:?} at {x}: {difference}");
            }
        }
    }
}
