//! Medians, and deviations that single values cannot move.

/// A standard deviation below which a running spread is not believed: a quarter, in logarithms, so that
/// a course that hardly moves does not make a spike of every move.
const SMALLEST_SPREAD: f64 = 0.25;

/// The median absolute deviation of a normal distribution in standard deviations is the inverse of this.
const NORMAL: f64 = 1.4826;

/// Where most values lie, and how widely.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(super) median: f64,
    pub(super) deviation: f64,
}

impl Spread {
    /// Returns the spread of values; `None` of none.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let center = median(values.to_vec())?;
        let deviations = values.iter().map(|value| (value - center).abs()).collect();
        let deviation = (NORMAL * median(deviations)?).max(SMALLEST_SPREAD);
        Some(Self { median: center, deviation })
    }

    /// Returns how many standard deviations a value lies above the median.
    pub(crate) fn above(&self, value: f64) -> f64 {
        (value - self.median) / self.deviation
    }
}

/// Returns the median; `None` of no values.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let (_, median, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    Some(*median)
}

/// Returns the logarithms of the positive values of a course.
pub(super) fn logarithms(course: &[(u64, f64)]) -> Vec<(u64, f64)> {
    let is_usable = |(_, value): &&(u64, f64)| *value > 0.0 && value.is_finite();
    course.iter().filter(is_usable).map(|(step, value)| (*step, value.ln())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_value_moves_neither_median_nor_deviation() {
        let spread = Spread::of(&[1.0, 2.0, 3.0, 4.0, 1e9]).unwrap();
        assert_eq!((spread.median, spread.deviation), (3.0, 1.4826));
        assert_eq!(Spread::of(&[2.0; 5]).unwrap().deviation, SMALLEST_SPREAD);
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(logarithms(&[(0, 1.0), (1, 0.0), (2, f64::NAN)]), [(0, 0.0)]);
    }
}
