//! Values over seeds, summarised for a chart.

use backdraft_record::Point;
use serde::Serialize;

/// Means by position, with the ends of their intervals; NaN, `null` in JSON, where there is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Spread {
    pub(super) mean: Vec<f64>,
    pub(super) low: Vec<f64>,
    pub(super) high: Vec<f64>,
}

impl Spread {
    /// Adds the next position.
    ///
    /// A quantity on a logarithmic axis is averaged there. Where values are zero, which have no
    /// logarithm, the median stands without an interval; a value that is not finite leaves none at all.
    pub(super) fn push(&mut self, values: &[f64], is_log: bool) {
        let point =
            if is_log { Point::geometric_mean(0.0, values) } else { Point::mean(0.0, values) };
        let (mean, interval) = match point {
            Some(point) => (point.y, point.interval),
            None => (median(values), None),
        };
        let (low, high) = interval.unwrap_or((f64::NAN, f64::NAN));
        self.mean.push(rounded(mean));
        self.low.push(rounded(low));
        self.high.push(rounded(high));
    }
}

/// NaN for no values or if one is not finite.
fn median(values: &[f64]) -> f64 {
    if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
        return f64::NAN;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

/// Five significant digits: what a chart can show, in half the bytes.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10f64.powi(4 - value.abs().log10().floor() as i32);
    // Beyond the range of the scale, as for subnormal numbers, the value stays as it is.
    let rounded = (value * scale).round() / scale;
    if scale.is_normal() && rounded.is_normal() { rounded } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(values: &[f64], is_log: bool) -> [f64; 3] {
        let mut spread = Spread::default();
        spread.push(values, is_log);
        [spread.mean[0], spread.low[0], spread.high[0]]
    }

    #[test]
    fn logarithms_are_averaged_where_the_axis_is_logarithmic() {
        assert_eq!(spread(&[0.1, 10.0], true)[0], 1.0);
        assert_eq!(spread(&[0.1, 10.0], false)[0], 5.05);
    }

    #[test]
    fn zeros_leave_a_median_and_what_is_not_finite_leaves_nothing() {
        let [mean, low, high] = spread(&[0.0, 1e-40, 1e-3], true);
        assert_eq!(mean, 1e-40);
        assert!(low.is_nan() && high.is_nan());
        assert!(spread(&[1.0, f64::NAN], true)[0].is_nan());
        assert_eq!(spread(&[0.25], false)[0], 0.25, "one seed has no interval but a value");
    }

    #[test]
    fn five_digits_are_kept_at_any_magnitude() {
        assert_eq!(rounded(1.234_567e-37), 1.2346e-37);
        assert_eq!(rounded(-123_456.7), -123_460.0);
        assert_eq!(rounded(5e-324), 5e-324);
        assert_eq!(rounded(0.0), 0.0);
    }
}
