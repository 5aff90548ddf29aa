//! Ends and tick labels of an axis.

use std::sync::Arc;

use backdraft_text::superscript;
use kuva::render::layout::TickFormat;

/// Ends of an axis, distance between its ticks, and their labels.
pub(super) struct Axis {
    pub(super) range: (f64, f64),
    pub(super) step: f64,
    pub(super) label: TickFormat,
}

impl Axis {
    /// Returns where a value lies, from 0 at the low end to 1 at the high one.
    pub(super) fn share(&self, value: f64) -> f64 {
        let (low, high) = self.range;
        ((value - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// Returns the ticks, each by its share of the axis, with its label.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let (low, high) = self.range;
        let first = (low / self.step).ceil() as i64;
        let ticks = (first..).map(|i| i as f64 * self.step).take_while(|tick| *tick <= high);
        ticks.map(|tick| (self.share(tick), self.label.format(tick))).collect()
    }
}

/// Most intervals between ticks.
const INTERVALS: f64 = 7.0;
/// Margin at both ends as a share of the range, so that no dot is cut off.
const MARGIN: f64 = 0.03;

/// Returns an axis for finite numbers, with ticks at multiples of 1, 2 or 5 times a power of ten. Whole
/// numbers get whole ticks. `None` without numbers.
pub(super) fn linear(values: impl Iterator<Item = f64> + Clone) -> Option<Axis> {
    let is_whole = values.clone().all(|value| value.fract() == 0.0);
    let (low, high) = ends(values)?;
    let finest = if is_whole { 1.0 } else { 0.0 };
    let (low, high) = if low < high {
        (low, high)
    } else if (0.0..=1.0).contains(&low) {
        // A constant between 0 and 1 is most likely a share.
        (0.0, 1.0)
    } else {
        (low - 1.0, high + 1.0)
    };
    let step = round_step((high - low) / INTERVALS).max(finest);
    let label = TickFormat::Custom(Arc::new(move |value| decimal(value, step)));
    Some(Axis { range: widened(low, high), step, label })
}

/// Returns an axis for decimal logarithms, with ticks at powers of ten, or at powers of two if it spans
/// less than two decades.
pub(super) fn logarithmic(values: impl Iterator<Item = f64>) -> Option<Axis> {
    let (low, high) = ends(values)?;
    let (low, high) = if high - low < 0.3 { (low - 0.15, high + 0.15) } else { (low, high) };
    let decades = high - low;
    let (step, label): (f64, fn(f64) -> String) = if decades >= 2.0 {
        (round_step(decades / INTERVALS).max(1.0), power_of_ten)
    } else if decades >= 0.9 {
        (2f64.log10(), significant)
    } else {
        (0.1, significant)
    };
    Some(Axis { range: widened(low, high), step, label: TickFormat::Custom(Arc::new(label)) })
}

fn ends(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let ends = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    (ends.0 <= ends.1).then_some(ends)
}

/// Widens a range by its margin. A positive range stays positive, because there is no layer 0.
fn widened(low: f64, high: f64) -> (f64, f64) {
    let margin = MARGIN * (high - low);
    let below = if low > 0.0 { margin.min(0.9 * low) } else { margin };
    (low - below, high + margin)
}

/// Rounds up to 1, 2 or 5 times a power of ten.
fn round_step(step: f64) -> f64 {
    let unit = 10f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * unit >= step * 0.999_999);
    factor.unwrap_or(10.0) * unit
}

/// Formats a number with the decimals that distinguish ticks at this distance.
fn decimal(value: f64, step: f64) -> String {
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let value = if value.abs() < 1e-9 * step { 0.0 } else { value };
    format!("{value:.decimals$}").replace('-', "−")
}

/// Formats a decimal logarithm as a power of ten, such as 10⁻⁷.
fn power_of_ten(exponent: f64) -> String {
    let exponent = exponent.round() as i32;
    match exponent {
        0 => "1".to_owned(),
        1 => "10".to_owned(),
        _ => format!("10{}", superscript(&exponent.to_string())),
    }
}

/// Formats the number of a decimal logarithm to two digits.
fn significant(logarithm: f64) -> String {
    let decimals = (1.0 - logarithm.floor()).max(0.0) as usize;
    let digits = format!("{:.decimals$}", 10f64.powf(logarithm));
    if !digits.contains('.') {
        return digits;
    }
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn layers_are_counted_in_whole_numbers() {
        let axis = linear((1..=20).map(f64::from)).unwrap();
        assert_eq!(labels(&axis), ["5", "10", "15", "20"]);
        assert_eq!(labels(&linear([1.0, 2.0, 3.0].into_iter()).unwrap()), ["1", "2", "3"]);
        assert_eq!(labels(&linear([1.0, 50.0].into_iter()).unwrap())[0], "10", "no layer 0");
        assert_eq!(labels(&linear([30.0].into_iter()).unwrap()), ["29", "30", "31"]);
        assert_eq!(labels(&linear([0.0].into_iter()).unwrap()), ["0", "1"]);
        assert!(linear(std::iter::empty()).is_none());
    }

    #[test]
    fn fractions_have_the_decimals_that_they_need() {
        let axis = linear([-0.2, 1.0].into_iter()).unwrap();
        assert_eq!(labels(&axis), ["−0.2", "0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    }

    #[test]
    fn logarithms_are_labelled_with_round_numbers() {
        let of = |low: f64, high: f64| labels(&logarithmic([low, high].into_iter()).unwrap());
        assert_eq!(of(-30.0, 2.0), ["10⁻³⁰", "10⁻²⁵", "10⁻²⁰", "10⁻¹⁵", "10⁻¹⁰", "10⁻⁵", "1"]);
        assert_eq!(of(-2.0, 1.2), ["10⁻²", "10⁻¹", "1", "10"]);
        assert_eq!(of(1.1, 2.1), ["16", "32", "64", "128"]);
        assert_eq!(of(-0.05, 0.45), ["1", "1.3", "1.6", "2", "2.5"]);
    }
}
