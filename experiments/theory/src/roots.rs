//! Zeros and minima of functions of one number.

/// Steps after which a bracket has shrunk to the precision of `f64`.
const MAX_STEPS: usize = 200;

/// Returns where `f` is zero between two points at which its signs differ.
///
/// Regula falsi in its Illinois form: an end that stays for two steps counts half, so that both ends close
/// in on the zero.
pub(crate) fn zero(f: impl Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    let (mut a, mut b) = ((low, f(low)), (high, f(high)));
    for _ in 0..MAX_STEPS {
        if a.1 == 0.0 {
            return a.0;
        }
        if b.1 == 0.0 {
            return b.0;
        }
        let next = (a.0 * b.1 - b.0 * a.1) / (b.1 - a.1);
        // Rounding may put it outside.
        let next =
            if (a.0.min(b.0)..=a.0.max(b.0)).contains(&next) { next } else { (a.0 + b.0) / 2.0 };
        if next == a.0 || next == b.0 || (b.0 - a.0).abs() <= 4.0 * f64::EPSILON * next.abs() {
            return next;
        }
        let value = f(next);
        if value * b.1 < 0.0 {
            a = b;
        } else {
            a.1 *= 0.5;
        }
        b = (next, value);
    }
    b.0
}

/// Returns where between two points `f`, which falls and then rises, is least.
pub(crate) fn minimum(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let inner = |low: f64, high: f64| (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut left, mut right) = inner(low, high);
    let (mut at_left, mut at_right) = (f(left), f(right));
    // The minimum of a parabola is known to the root of the precision only.
    for _ in 0..40 {
        if at_left < at_right {
            (high, right, at_right) = (right, left, at_left);
            left = inner(low, high).0;
            at_left = f(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = inner(low, high).1;
            at_right = f(right);
        }
    }
    if at_left < at_right { left } else { right }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_found_to_the_precision_of_f64() {
        assert!((zero(|x| x * x - 2.0, 0.0, 2.0) - 2f64.sqrt()).abs() < 1e-15);
        assert!(
            (zero(|x| 1.0 - (30.0 * x).exp() * 1e-9, 0.0, 3.0) - 9.0 * 10f64.ln() / 30.0).abs()
                < 1e-14
        );
        assert_eq!(zero(|x| x, 0.0, 1.0), 0.0);
        assert!((zero(|x| x.powi(9), -1.0, 2.0)).abs() < 1e-2, "a flat one slowly");
    }

    #[test]
    fn minima_are_found_to_half_its_digits() {
        assert!((minimum(|x| (x - 0.3).powi(2), -1.0, 2.0) - 0.3).abs() < 1e-7);
    }
}
