//! Sudden changes against a run's own running distribution.

use super::robust::{Spread, logarithms};
use super::{Case, Confidence, Finding, Rule};
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// Observations that the running distribution remembers, and how many it needs.
const REMEMBERED: usize = 32;
const FEWEST: usize = 16;

/// Finds steps at which the gradient or the loss leaps.
pub(super) struct Spike;

impl Rule for Spike {
    fn name(&self) -> &'static str {
        "spike"
    }

    fn about(&self) -> &'static str {
        "The gradient's norm or the loss leaps far out of its own distribution over the observations \
         before (median and median absolute deviation of logarithms). Needs gradient_norm or loss, at 17 \
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
                "{what} is {:.1e} times its running median, {:.0} deviations above it; it leaps at {} \
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
    let values = logarithms(course);
    let mut found = Vec::new();
    for (at, (step, value)) in values.iter().enumerate().skip(FEWEST) {
        let before: Vec<f64> =
            values[at.saturating_sub(REMEMBERED)..at].iter().map(|(_, value)| *value).collect();
        let Some(spread) = Spread::of(&before) else { continue };
        let deviations = spread.above(*value);
        if deviations > bound {
            found.push(Leap { step: *step, factor: (value - spread.median).exp(), deviations });
        }
    }
    found
}

/// Returns the parameter whose gradient leapt most at a step.
fn culprit(case: &Case<'_>, step: u64) -> Option<Subject> {
    let leap = |subject: &Subject| {
        let values = logarithms(case.course(&QuantityName::GRADIENT_NORM, subject));
        let at = values.iter().position(|(other, _)| *other == step)?;
        let before: Vec<f64> =
            values[at.saturating_sub(REMEMBERED)..at].iter().map(|(_, value)| *value).collect();
        Some(Spread::of(&before)?.above(values[at].1))
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
            assert_eq!(leaps(&wandering(scale, None), 10.0), []);
            let found = leaps(&wandering(scale, Some(90)), 10.0);
            assert_eq!((found.len(), found[0].step), (1, 90));
            assert!(found[0].factor > 500.0 && found[0].factor < 2e3);
        }
    }
}
