//! Sudden changes against a run's own running distribution.

use std::collections::HashMap;

use super::robust::{Spread, logarithms, median};
use super::{Case, Confidence, Finding, Rule};
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// Observations that the running distribution remembers, and how many it needs.
const REMEMBERED: usize = 32;
const FEWEST: usize = 12;
/// Observations whose median is the level from which the next one moves.
const LEVEL: usize = 5;

/// A leap exceeds the largest value of the run so far by this factor. Where a run has learned nearly
/// everything, one hard example raises the loss a hundredfold, to less than it was at the start.
const RECORD: f64 = 2.0;

/// Finds steps at which the gradient or the loss leaps.
pub(super) struct Spike;

impl Rule for Spike {
    fn name(&self) -> &'static str {
        "spike"
    }

    fn about(&self) -> &'static str {
        "The gradient's norm or the loss leaps far out of its own distribution over the observations \
         before (median and median absolute deviation of logarithms), above all that the run has seen. Needs gradient_norm or loss, at 18 \
         observed steps or more. No scale is assumed."
    }

    fn examine(&self, case: &Case<'_>) -> Vec<Finding> {
        let bound = case.thresholds.spike_deviations;
        let whole =
            |quantity: &QuantityName| leaps(case.course(quantity, &Subject::NETWORK), bound);
        let gradient = whole(&QuantityName::GRADIENT_NORM);
        let gradient =
            if gradient.is_empty() { whole(&QuantityName::GLOBAL_GRADIENT_NORM) } else { gradient };
        let loss = whole(&QuantityName::LOSS);
        let (what, found, other) = if gradient.is_empty() {
            ("the loss", &loss, &gradient)
        } else {
            ("‖g‖", &gradient, &loss)
        };
        let Some(first) = found.first() else { return vec![] };
        let is_in_both = other.iter().any(|leap| leap.step == first.step);
        vec![Finding {
            rule: self.name(),
            subject: culprit(case, first.step).unwrap_or(Subject::NETWORK),
            since: first.step,
            evidence: format!(
                "{what} is {:.1e} times its running median, {:.0} deviations above; it leaps at {} \
                 observed steps",
                first.factor,
                first.deviations,
                found.len()
            ),
            confidence: if is_in_both { Confidence::Likely } else { Confidence::Possible },
            remedy: if case.context.is_clipped == Some(true) {
                "Look at the batch of this step, or lower the learning rate"
            } else {
                "Look at the batch of this step, clip the global norm, or lower the learning rate"
            },
            experiment: None,
        }]
    }
}

/// A step at which a value leaps.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Leap {
    step: u64,
    /// The value over its running median.
    factor: f64,
    deviations: f64,
}

fn leaps(course: &[(u64, f64)], bound: f64) -> Vec<Leap> {
    let moves = moves(course);
    let largest = largest_before(course);
    let found = moves.iter().enumerate().skip(FEWEST).filter_map(|(at, (step, by))| {
        let deviations = deviations(&moves, at)?;
        let is_leap = deviations > bound && largest.get(step).is_some_and(|over| *over > RECORD);
        is_leap.then(|| Leap { step: *step, factor: by.exp(), deviations })
    });
    found.collect()
}

/// Returns, by step, each value over the largest before it.
fn largest_before(course: &[(u64, f64)]) -> HashMap<u64, f64> {
    let mut largest = f64::MIN_POSITIVE;
    let over = |(step, value): &(u64, f64)| {
        let over = value / largest;
        largest = largest.max(*value);
        (*step, over)
    };
    course.iter().map(over).collect()
}

/// Returns how far each value lies from the median of the few before it, in logarithms. A course that
/// rises or falls steadily moves by the same amount, whatever its level.
fn moves(course: &[(u64, f64)]) -> Vec<(u64, f64)> {
    let values = logarithms(course);
    let at = |at: usize| {
        let level = median(values[at - LEVEL..at].iter().map(|(_, value)| *value).collect());
        level.map(|level| (values[at].0, values[at].1 - level))
    };
    (LEVEL..values.len()).filter_map(at).collect()
}

/// Returns how many deviations a move lies above those before it.
fn deviations(moves: &[(u64, f64)], at: usize) -> Option<f64> {
    let before: Vec<f64> =
        moves[at.saturating_sub(REMEMBERED)..at].iter().map(|(_, by)| *by).collect();
    Some(Spread::of(&before)?.above(moves[at].1))
}

/// Returns the parameter whose gradient leapt most at a step.
fn culprit(case: &Case<'_>, step: u64) -> Option<Subject> {
    let leap = |subject: &Subject| {
        let moves = moves(case.course(&QuantityName::GRADIENT_NORM, subject));
        deviations(&moves, moves.iter().position(|(other, _)| *other == step)?)
    };
    let leaps = case.subjects(&QuantityName::GRADIENT_NORM).filter_map(|s| Some((leap(s)?, s)));
    leaps.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, subject)| subject.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A course that wanders by a fifth around a value that falls slowly.
    fn wandering(scale: f64, leap_at: Option<u64>) -> Vec<(u64, f64)> {
        let value = |step: u64| {
            let noise = 1.0 + 0.2 * (step as f64 * 1.7).sin();
            let leap = if Some(step) == leap_at { 1e3 } else { 1.0 };
            scale * noise * leap * (-0.01 * step as f64).exp()
        };
        (0..200).map(|step| (step, value(step))).collect()
    }

    #[test]
    fn a_leap_is_found_at_any_scale_and_a_slow_change_is_none() {
        for scale in [1e-20, 1.0, 1e20] {
            assert_eq!(leaps(&wandering(scale, None), 6.0), []);
            let found = leaps(&wandering(scale, Some(90)), 6.0);
            assert_eq!((found.len(), found[0].step), (1, 90));
            assert!(found[0].factor > 500.0 && found[0].factor < 2e3);
        }
    }
}
