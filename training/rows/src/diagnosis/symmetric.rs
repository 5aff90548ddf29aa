//! Initial weights that are zero or constant.

use super::trouble::Trouble;
use super::{Case, Confidence, Finding, Rule};
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// The spread of a gradient's elements over their mean magnitude below which all are equal: rounding of
/// a sum of many terms in `f32`.
const EQUAL: f64 = 1e-5;

/// With fewer elements, equality may be chance.
const FEWEST_ELEMENTS: f64 = 3.5;

/// A step and a value.
type Point = (u64, f64);

/// Finds units that all compute the same, because their initial weights are equal.
pub(super) struct Symmetric;

impl Rule for Symmetric {
    fn name(&self) -> &'static str {
        "symmetric"
    }

    fn about(&self) -> &'static str {
        "Weights start at zero and stay there, or all elements of a gradient are equal, so that the units \
         of a layer never differ. Needs weight_norm and gradient_norm, or gradient_standard_deviation and \
         gradient_mean_absolute."
    }

    fn examine(&self, case: &Case<'_>) -> Vec<Finding> {
        zero_weights(case).or_else(|| equal_gradients(case)).into_iter().collect()
    }
}

const REMEDY: &str = "Draw the initial weights at random (He for ReLU, Xavier for tanh): with equal \
                      weights, all units of a layer stay equal";

fn zero_weights(case: &Case<'_>) -> Option<Finding> {
    let norms = |subject: &Subject| case.course(&QuantityName::WEIGHT_NORM, subject);
    let weights: Vec<&Subject> =
        case.subjects(&QuantityName::WEIGHT_NORM).filter(|subject| subject.is_weight()).collect();
    let starts_at_zero =
        |subject: &&&Subject| norms(subject).first().is_some_and(|(_, n)| *n == 0.0);
    let zero: Vec<&Subject> = weights.iter().filter(starts_at_zero).copied().collect();
    let stays_at_zero = |subject: &&Subject| {
        let gradients = case.course(&QuantityName::GRADIENT_NORM, subject);
        let is_zero = |(_, value): &(u64, f64)| *value == 0.0;
        gradients.len() > 1 && gradients.iter().chain(norms(subject)).all(is_zero)
    };
    // A single layer of zeros learns: logistic regression, the end of a residual branch. All of
    // them do not, nor one that receives no gradient.
    let stuck: Vec<&Subject> = zero.iter().copied().filter(stays_at_zero).collect();
    let found = if zero.len() == weights.len() && zero.len() > 1 { &zero } else { &stuck };
    let first = found.first()?;
    let (since, _) = *norms(first).first()?;
    Some(Finding {
        rule: "symmetric",
        subject: (*first).clone(),
        since,
        evidence: format!(
            "‖W‖ = 0 at step {since} in {} of {} weights",
            found.len(),
            weights.len()
        ),
        confidence: Confidence::Certain,
        remedy: REMEDY,
        experiment: None,
    })
}

fn equal_gradients(case: &Case<'_>) -> Option<Finding> {
    let deviations = QuantityName::GRADIENT_STANDARD_DEVIATION;
    let trouble = |subject: &Subject| {
        let means = case.course(&QuantityName::GRADIENT_MEAN_ABSOLUTE, subject);
        let norms = case.course(&QuantityName::GRADIENT_NORM, subject);
        let all = case.course(&deviations, subject).iter().zip(means.iter().zip(norms));
        let equal = |((step, deviation), (mean, norm)): (&Point, (&Point, &Point))| {
            // Elements that are all equal have this number.
            let elements = (norm.1 / mean.1).powi(2);
            let is_equal =
                mean.1 > 0.0 && *deviation < EQUAL * mean.1 && elements > FEWEST_ELEMENTS;
            (*step, is_equal.then_some(elements))
        };
        Trouble::of(all.map(equal)).filter(Trouble::is_usual)
    };
    let found: Vec<(Trouble<f64>, &Subject)> =
        case.subjects(&deviations).filter_map(|s| Some((trouble(s)?, s))).collect();
    let (first, subject) = found.first()?;
    Some(Finding {
        rule: "symmetric",
        subject: (*subject).clone(),
        since: first.since,
        evidence: format!(
            "all {:.0} elements of the gradient are equal, {}; so in {} parameters",
            first.first,
            first.at(),
            found.len()
        ),
        confidence: first.confidence(),
        remedy: REMEDY,
        experiment: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Thresholds, diagnose};
    use crate::row::Row;

    fn rules(rows: &[Row]) -> Vec<&'static str> {
        diagnose(rows, &Thresholds::default()).iter().map(|finding| finding.rule).collect()
    }

    fn row(step: u64, quantity: QuantityName, subject: &str, value: f64) -> Row {
        Row::new(step, quantity, subject, value)
    }

    #[test]
    fn zero_weights_are_found_at_the_first_look_and_a_single_zero_layer_is_none() {
        let at = |values: [f64; 2]| -> Vec<Row> {
            let names = ["a.weight", "b.weight"];
            let rows = names.into_iter().zip(values);
            rows.map(|(name, norm)| row(0, QuantityName::WEIGHT_NORM, name, norm)).collect()
        };
        assert_eq!(rules(&at([0.0, 0.0])), ["symmetric"]);
        assert_eq!(rules(&at([1.0, 0.0])), [""; 0]);
        assert_eq!(rules(&at([1.0, 1.0])), [""; 0]);
    }

    #[test]
    fn a_zero_layer_that_receives_no_gradient_is_stuck_and_one_that_does_learns() {
        let rows = |gradient: f64| -> Vec<Row> {
            let at = |step| {
                [
                    row(step, QuantityName::WEIGHT_NORM, "a.weight", 0.0),
                    row(step, QuantityName::GRADIENT_NORM, "a.weight", gradient),
                    row(step, QuantityName::WEIGHT_NORM, "b.weight", 1.0),
                    row(step, QuantityName::GRADIENT_NORM, "b.weight", 1.0),
                ]
            };
            (0..4).flat_map(at).collect()
        };
        assert_eq!(rules(&rows(0.0)), ["symmetric"]);
        assert_eq!(rules(&rows(0.1)), [""; 0]);
    }

    #[test]
    fn a_gradient_of_equal_elements_is_of_equal_units_but_not_one_of_a_single_element() {
        let rows = |deviation: f64, elements: f64| -> Vec<Row> {
            let at = |step| {
                [
                    row(step, QuantityName::GRADIENT_MEAN_ABSOLUTE, "a.bias", 0.5),
                    row(step, QuantityName::GRADIENT_STANDARD_DEVIATION, "a.bias", deviation),
                    row(step, QuantityName::GRADIENT_NORM, "a.bias", 0.5 * elements.sqrt()),
                ]
            };
            (0..4).flat_map(at).collect()
        };
        assert_eq!(rules(&rows(1e-8, 16.0)), ["symmetric"]);
        assert_eq!(rules(&rows(0.0, 1.0)), [""; 0]);
        assert_eq!(rules(&rows(0.3, 16.0)), [""; 0]);
    }
}
