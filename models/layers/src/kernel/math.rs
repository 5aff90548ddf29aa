//! Exponential functions without branches, which the compiler can vectorise.

/// e^x, with x clamped to ±87; relative error below 2e-7.
///
/// Reduces to 2^k e^r and uses the polynomial of Cephes' `expf` (Moshier 1989).
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let (less_one, power) = exp_parts(x);
    (less_one + 1.0) * power
}

/// e^x − 1, without cancellation around 0.
#[inline(always)]
pub fn exp_less_one(x: f32) -> f32 {
    let (less_one, power) = exp_parts(x);
    less_one * power + (power - 1.0)
}

/// Returns e^r − 1 and 2^k, where e^x = 2^k e^r.
#[inline(always)]
fn exp_parts(x: f32) -> (f32, f32) {
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 87.0 { 87.0 } else { x };
    // Adding and subtracting 1.5 × 2²³ rounds to an integer, which is in the low bits of the sum.
    const MAGIC: f32 = 12_582_912.0;
    let shifted = x * std::f32::consts::LOG2_E + MAGIC;
    let k = shifted - MAGIC;
    // ln 2 is split in two, so that k ln 2 is subtracted without rounding error.
    let r = x - k * 0.693_359_4 + k * 2.121_944_4e-4;
    let polynomial =
        ((((1.987_569_1e-4 * r + 1.398_2e-3) * r + 8.333_452e-3) * r + 4.166_579_6e-2) * r
            + 1.666_666_5e-1)
            * r
            + 0.5;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    (polynomial * r * r + r, power)
}

/// 1 / (1 + e^−x).
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// tanh x; where e^2x would cancel, by its series (Cephes' `tanhf`).
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let square = x * x;
    let series = ((((-5.704_988_7e-3 * square + 2.063_909e-2) * square - 5.373_971_6e-2) * square
        + 1.333_144_2e-1)
        * square
        - 3.333_328e-1)
        * square
        * x
        + x;
    let far = 1.0 - 2.0 / (1.0 + exp(2.0 * x));
    if x.abs() < 0.625 { series } else { far }
}

/// The error function: near 0 by its series, elsewhere as 1 − e^p with a polynomial p, both fitted
/// to single precision by Juffa (2015, `my_erff`).
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let (square, size) = (x * x, x.abs());
    let near = ((((-5.967_617e-4 * square + 4.991_194_2e-3) * square - 2.676_813_5e-2) * square
        + 1.128_199_25e-1)
        * square
        - 3.761_253_4e-1)
        * square
        * x
        + 1.283_791_7e-1 * x
        + x;
    let high = -1.728_534_7e-5 * size + 3.831_971_3e-4;
    let low = -3.883_964_4e-3 * size + 2.425_462_2e-2;
    let exponent = (((high * square + low) * size - 1.067_778_8e-1) * size - 6.348_467e-1) * size
        - 1.287_175_1e-1;
    let far = 1.0 - exp(exponent * size - size);
    let far = if x < 0.0 { -far } else { far };
    if size <= 0.927_734_4 { near } else { far }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn largest_error(ours: fn(f32) -> f32, exact: fn(f64) -> f64) -> f64 {
        let points = (-800_000..800_000).map(|i| i as f32 * 1e-4);
        points.fold(0.0, |largest, x| {
            let exact = exact(f64::from(x));
            let error = (f64::from(ours(x)) - exact).abs() / exact.abs().max(1e-38);
            if x == 0.0 { largest } else { error.max(largest) }
        })
    }

    #[test]
    fn functions_are_good_to_a_few_units_in_the_last_place() {
        assert!(largest_error(exp, f64::exp) < 2e-7);
        assert!(largest_error(exp_less_one, f64::exp_m1) < 2e-7);
        assert!(largest_error(sigmoid, |x| 1.0 / (1.0 + (-x).exp())) < 3e-7);
        assert!(largest_error(tanh, f64::tanh) < 3e-7);
        assert_eq!((tanh(0.0), sigmoid(0.0), exp(0.0)), (0.0, 0.5, 1.0));
    }

    /// Integrates the derivative, 2 e^−x² / √π, by Simpson's rule.
    fn exact_erf(x: f64) -> f64 {
        let slope = |x: f64| std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp();
        let width = x / 400.0;
        let part = |i: u32| {
            let from = f64::from(i) * width;
            slope(from) + 4.0 * slope(from + width / 2.0) + slope(from + width)
        };
        (0..400).map(part).sum::<f64>() * width / 6.0
    }

    #[test]
    fn the_error_function_is_good_to_a_few_units_in_the_last_place() {
        for x in (-6_000..6_000).map(|i| i as f32 * 1e-3) {
            let (ours, exact) = (f64::from(erf(x)), exact_erf(f64::from(x)));
            assert!((ours - exact).abs() <= 2e-7 * exact.abs(), "{x}: {ours}, not {exact}");
        }
    }

    #[test]
    fn what_is_not_a_number_stays_so() {
        let functions = [tanh, sigmoid, exp_less_one, erf];
        assert!(functions.iter().all(|function| function(f32::NAN).is_nan()));
        assert_eq!((tanh(f32::INFINITY), tanh(f32::NEG_INFINITY)), (1.0, -1.0));
    }
}
