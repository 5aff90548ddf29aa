//! The range that a value has kept to so far.

use crate::diagnosis::robust::{Spread, median};

/// Values that a range remembers, and the fewest that make one.
const REMEMBERED: usize = 37;
const FEWEST: usize = 4;
/// Values whose median is the level from which the next one moves.
const LEVEL: usize = 5;
/// Moves that are needed to know how widely a course moves; with fewer, the values themselves tell.
const FEWEST_MOVES: usize = 4;
/// A value outside the range lies above the largest or below the smallest so far by this factor.
const RECORD: f64 = 2.0;

/// How a value lies outside its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Outside {
    /// The level before, if there was any.
    pub(super) usual: Option<f64>,
    /// Robust standard deviations from it, in logarithms; `None` for zero and what is not finite.
    pub(super) deviations: Option<f64>,
}

/// Tells how `value` lies outside the range of the values `before`; `None` if it is in range, or if
/// too few are known.
///
/// As in the diagnosis's rule on spikes, distances are of logarithms, so that no scale is assumed, and
/// from the median of the latest values, so that a steady rise or fall is in range.
pub(super) fn outside(before: &[f64], value: f64, bound: f64) -> Option<Outside> {
    let before = &before[before.len().saturating_sub(REMEMBERED)..];
    let logarithms: Vec<f64> =
        before.iter().filter(|x| **x > 0.0 && x.is_finite()).map(|x| x.ln()).collect();
    let level = |values: &[f64]| median(values[values.len().saturating_sub(LEVEL)..].to_vec());
    let usual = level(&logarithms);
    let exceptional = Outside { usual: usual.map(f64::exp), deviations: None };
    if !value.is_finite() {
        return before.iter().all(|x| x.is_finite()).then_some(exceptional);
    }
    // A course with zeros among its values keeps to no scale.
    if logarithms.len() < before.len() || logarithms.len() < FEWEST {
        return None;
    }
    if value == 0.0 {
        return Some(exceptional);
    }
    let usual = usual?;
    let moves: Vec<f64> = (LEVEL..logarithms.len())
        .filter_map(|at| Some(logarithms[at] - level(&logarithms[..at])?))
        .collect();
    let moves = if moves.len() < FEWEST_MOVES {
        logarithms.iter().map(|x| x - usual).collect()
    } else {
        moves
    };
    let deviations = Spread::of(&moves)?.above(value.ln() - usual);
    let largest = before.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let smallest = before.iter().copied().fold(f64::INFINITY, f64::min);
    let is_record = value > RECORD * largest || value < smallest / RECORD;
    let is_outside = is_record && deviations.abs() > bound;
    is_outside.then_some(Outside { usual: Some(usual.exp()), deviations: Some(deviations) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that wander by a fifth around one that falls slowly.
    fn wandering(scale: f64, count: usize) -> Vec<f64> {
        let value = |step: usize| {
            scale * (1.0 + 0.2 * (step as f64 * 1.7).sin()) * (-0.02 * step as f64).exp()
        };
        (0..count).map(value).collect()
    }

    #[test]
    fn a_leap_up_or_down_is_outside_at_any_scale_and_a_steady_change_is_not() {
        for (scale, count) in [(1e-20, 4), (1.0, 12), (1e20, 60)] {
            let (before, next) = (wandering(scale, count), wandering(scale, count + 1)[count]);
            assert_eq!(outside(&before, next, 6.0), None);
            let above = outside(&before, 100.0 * next, 6.0).unwrap();
            assert!(above.deviations.unwrap() > 6.0, "{above:?}");
            let below = outside(&before, next / 100.0, 6.0).unwrap();
            assert!(below.deviations.unwrap() < -6.0, "{below:?}");
        }
    }

    #[test]
    fn zero_and_nan_are_outside_unless_they_were_there_before() {
        let before = wandering(1.0, 8);
        for value in [0.0, f64::NAN, f64::INFINITY] {
            let found = outside(&before, value, 6.0).unwrap();
            assert!(found.usual.is_some() && found.deviations.is_none());
            let known = [&before[..], &[value]].concat();
            assert_eq!(outside(&known, value, 6.0), None);
        }
        assert_eq!(outside(&[], f64::NAN, 6.0), Some(Outside { usual: None, deviations: None }));
    }

    #[test]
    fn too_few_values_have_no_range() {
        assert_eq!(outside(&[1.0; 3], 1e9, 6.0), None);
    }
}
