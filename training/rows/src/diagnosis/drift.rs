//! Slow rises against a run's own past.

use super::robust::{Spread, logarithms, median};
use super::{Case, Confidence, Finding, Rule};
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// The course is compared in so many parts, each of at least so many observations.
const PARTS: usize = 4;
const FEWEST: usize = 10;

/// A rise from the first to the last part by fewer deviations of the run itself is its usual wandering.
const DEVIATIONS: f64 = 4.0;

/// Finds a gradient or a loss that rises from part to part of a run.
pub(super) struct Drift;

impl Rule for Drift {
    fn name(&self) -> &'static str {
        "drift"
    }

    fn about(&self) -> &'static str {
        "The gradient's norm or the loss rises in every quarter of the run, far beyond what it varies \
         within one. Needs gradient_norm or loss, at 40 observed steps or more."
    }

    fn examine(&self, case: &Case<'_>) -> Vec<Finding> {
        let kinds = [
            ("‖g‖", QuantityName::GRADIENT_NORM, case.thresholds.gradient_drift),
            ("the loss", QuantityName::LOSS, case.thresholds.loss_drift),
        ];
        let finding = |(what, quantity, bound): (&str, QuantityName, f64)| {
            let course = case.course(&quantity, &Subject::NETWORK);
            let Rise { factor, since } = rise(course).filter(|rise| rise.factor > bound)?;
            Some(Finding {
                rule: "drift",
                subject: Subject::NETWORK,
                since,
                evidence: format!(
                    "{what} rose in every quarter of the run, by a factor {factor:.1e}"
                ),
                confidence: Confidence::Likely,
                remedy: "Lower the learning rate, or decay it: the run leaves the region where its steps \
                         fit",
                experiment: None,
            })
        };
        kinds.into_iter().filter_map(finding).collect()
    }
}

struct Rise {
    /// The median of the last part over that of the first.
    factor: f64,
    /// The first step of the second part.
    since: u64,
}

fn rise(course: &[(u64, f64)]) -> Option<Rise> {
    let values = logarithms(course);
    if values.len() < PARTS * FEWEST {
        return None;
    }
    let size = values.len() / PARTS;
    let parts: Vec<Vec<f64>> = (0..PARTS)
        .map(|part| values[part * size..][..size].iter().map(|(_, v)| *v).collect())
        .collect();
    let spreads = parts.iter().map(|part| Spread::of(part)).collect::<Option<Vec<_>>>()?;
    let is_rising = spreads.is_sorted_by(|a, b| a.median < b.median);
    let deviation = median(spreads.iter().map(|spread| spread.deviation).collect())?;
    let total = spreads[PARTS - 1].median - spreads[0].median;
    (is_rising && total > DEVIATIONS * deviation)
        .then(|| Rise { factor: total.exp(), since: values[size].0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rise_is_found_and_a_fall_or_a_wandering_is_not() {
        let course = |rate: f64| -> Vec<(u64, f64)> {
            let value = |step: u64| (rate * step as f64).exp() * (1.5 + (step as f64 * 1.3).sin());
            (0..80).map(|step| (step, value(step))).collect()
        };
        assert!(rise(&course(0.1)).is_some_and(|rise| rise.factor > 100.0 && rise.since == 20));
        assert!(rise(&course(0.0)).is_none());
        assert!(rise(&course(-0.1)).is_none());
        assert!(rise(&course(0.1)[..30]).is_none());
    }
}
