//! Exponential functions without branches, which compilers turn into vector code.

/// e^x for |x| ≤ 87, beyond which it stays at its value there; relative error below 2e-7.
///
/// Reduction to 2^k e^r and the polynomial of Cephes' `expf` (Moshier 1989).
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 87.0 { 87.0 } else { x };
    // Adding and subtracting 1.5 × 2²³ rounds to an integer, which the low bits of the sum hold.
    const MAGIC: f32 = 12_582_912.0;
    let shifted = x * std::f32::consts::LOG2_E + MAGIC;
    let k = shifted - MAGIC;
    // ln 2 in two parts, so that k ln 2 is subtracted without rounding error.
    let r = x - k * 0.693_359_4 + k * 2.121_944_4e-4;
    let polynomial =
        ((((1.987_569_1e-4 * r + 1.398_2e-3) * r + 8.333_452e-3) * r + 4.166_579_6e-2) * r
            + 1.666_666_5e-1)
            * r
            + 0.5;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    (polynomial * r * r + r + 1.0) * power
}

/// 1 / (1 + e^−x).
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// tanh x, by its series where e^2x would cancel (Cephes' `tanhf`).
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
        assert!(largest_error(sigmoid, |x| 1.0 / (1.0 + (-x).exp())) < 3e-7);
        assert!(largest_error(tanh, f64::tanh) < 3e-7);
        assert_eq!((tanh(0.0), sigmoid(0.0), exp(0.0)), (0.0, 0.5, 1.0));
    }

    #[test]
    fn what_is_not_a_number_stays_so() {
        assert!(tanh(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan());
        assert_eq!((tanh(f32::INFINITY), tanh(f32::NEG_INFINITY)), (1.0, -1.0));
    }
}
