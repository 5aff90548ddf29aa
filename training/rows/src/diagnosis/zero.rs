//! Gradients that are exactly zero.

use super::context::LossKind::{BinaryCrossEntropy, CrossEntropy, SquaredError};
use super::trouble::Trouble;
use super::{Case, Confidence, Finding, Rule};
use crate::position::list_of;
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// A bias of so many times the weights of its layer decides alone what the layer computes.
const LARGEST_BIAS: f64 = 30.0;

/// A loss that fell so far leaves nothing to learn.
const LEARNED: f64 = 1e-3;

/// A parameter and since when its gradient is zero.
type Zero<'a> = (&'a Subject, Trouble<()>);

/// Finds parameters whose gradient is there, and exactly zero.
pub(super) struct ZeroGradient;

impl Rule for ZeroGradient {
    fn name(&self) -> &'static str {
        "zero-gradient"
    }

    fn about(&self) -> &'static str {
        "The gradient of a parameter is exactly zero at observation after observation. Needs \
         gradient_norm; weight_norm names a bias that switches a layer off."
    }

    fn examine(&self, case: &Case<'_>) -> Vec<Finding> {
        let all: Vec<&Subject> = case.subjects(&QuantityName::GRADIENT_NORM).collect();
        let zero: Vec<Zero<'_>> =
            all.iter().filter_map(|subject| Some((*subject, zeros(case, subject)?))).collect();
        let is_weight = |subject: &Subject| subject.is_weight();
        let weights = all.iter().filter(|subject| is_weight(subject)).count();
        let zero_weights = zero.iter().filter(|(subject, _)| is_weight(subject)).count();
        let is_whole = zero.len() == all.len() || (weights > 1 && zero_weights == weights);
        let Some((_, first)) = zero.first() else { return vec![] };
        if is_whole && has_learned(case) {
            return vec![];
        }
        if let Some((bias, evidence)) = largest_bias(case) {
            return vec![finding(
                bias,
                first,
                &evidence,
                "Start biases at zero, and look at what set this one",
            )];
        }
        if is_whole {
            let evidence = format!("the gradients of {} of {} parameters", zero.len(), all.len());
            return vec![finding(&Subject::NETWORK, first, &evidence, remedy_of_all(case))];
        }
        // At the first look at a network, a layer before zero weights has no gradient yet.
        let lasting = zero.into_iter().filter(|(_, zeros)| zeros.observed > 2).collect();
        by_list(lasting)
    }
}

/// Returns since when a gradient is exactly zero and stays so, empty batches aside.
fn zeros(case: &Case<'_>, subject: &Subject) -> Option<Trouble<()>> {
    let course = case.course(&QuantityName::GRADIENT_NORM, subject);
    let steps = course.iter().filter(|(step, _)| !case.is_empty_batch(*step));
    let trouble = Trouble::of(steps.map(|(step, norm)| (*step, (*norm == 0.0).then_some(()))))?;
    (trouble.is_going_on() && trouble.is_usual()).then_some(trouble)
}

/// One finding for each list of layers: the last bias without a gradient is where it is lost, as the
/// weights of the layer after a silent one have none either.
fn by_list(zero: Vec<Zero<'_>>) -> Vec<Finding> {
    let mut lists: Vec<(&str, Vec<Zero<'_>>)> = Vec::new();
    for (subject, trouble) in zero {
        let list = list_of(subject);
        match lists.iter_mut().find(|(other, _)| *other == list) {
            Some((_, members)) => members.push((subject, trouble)),
            None => lists.push((list, vec![(subject, trouble)])),
        }
    }
    let of_list = |(_, members): (&str, Vec<Zero<'_>>)| {
        let lost = members.iter().rfind(|(subject, _)| subject.is_bias()).or(members.last())?;
        let evidence =
            format!("its gradient and those of {} parameters beside it", members.len() - 1);
        let remedy = "Look at what lies between the parameter and the loss: a unit that is switched off, \
                      weights of zero, an output that nothing reads, or a rounding or comparison";
        Some(finding(lost.0, &lost.1, &evidence, remedy))
    };
    lists.into_iter().filter_map(of_list).collect()
}

fn finding(
    subject: &Subject,
    trouble: &Trouble<()>,
    evidence: &str,
    remedy: &'static str,
) -> Finding {
    Finding {
        rule: "zero-gradient",
        subject: subject.clone(),
        since: trouble.since,
        evidence: format!("{evidence}: exactly zero, {}", trouble.at()),
        confidence: if trouble.observed > 2 { trouble.confidence() } else { Confidence::Likely },
        remedy,
        experiment: None,
    }
}

fn remedy_of_all(case: &Case<'_>) -> &'static str {
    match (case.context.loss, case.context.outputs) {
        (Some(CrossEntropy), Some(1)) => {
            "Give the network one output a class, or use the binary cross-entropy: the cross-entropy of \
             one output is always zero"
        }
        (Some(CrossEntropy | BinaryCrossEntropy), _) => {
            "Scale the logits down (they saturate the loss), check that the loss depends on the weights, \
             and that the weights are not zero"
        }
        (Some(SquaredError), _) => {
            "Check that the loss depends on the weights (no detached tensor between them), that the \
             weights are not zero, and that units are not switched off"
        }
        (None, _) => {
            "Check that the loss depends on the weights: no detached tensor, no cross-entropy of one \
             output, no weights of zero, no layer that is switched off"
        }
    }
}

/// Returns a bias that outweighs its layer, with its size.
fn largest_bias<'a>(case: &Case<'a>) -> Option<(&'a Subject, String)> {
    let norm = |subject: &Subject| {
        case.course(&QuantityName::WEIGHT_NORM, subject).last().map(|(_, norm)| *norm)
    };
    let of = |bias: &'a Subject| {
        let layer = bias.path().strip_suffix("bias")?;
        let weight = norm(&Subject::from(format!("{layer}weight")))?;
        let ratio = norm(bias)? / weight;
        (ratio > LARGEST_BIAS && ratio.is_finite()).then_some((ratio, bias))
    };
    let biases = case.subjects(&QuantityName::WEIGHT_NORM).filter(|subject| subject.is_bias());
    let (ratio, bias) = biases.filter_map(of).max_by(|a, b| a.0.total_cmp(&b.0))?;
    let size = norm(bias)?;
    Some((
        bias,
        format!("‖b‖ is {size:.1e}, {ratio:.0} times ‖W‖ of its layer; gradients behind it are"),
    ))
}

/// Tells whether the loss fell to nearly nothing.
fn has_learned(case: &Case<'_>) -> bool {
    let losses = case.course(&QuantityName::LOSS, &Subject::NETWORK);
    matches!(losses, [(_, first), .., (_, last)] if *last <= LEARNED * *first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Context, Thresholds, diagnose, diagnose_in};
    use crate::row::Row;

    fn rows(norms: &[(&str, f64)], steps: u64) -> Vec<Row> {
        let at = |step| {
            norms
                .iter()
                .map(move |(name, norm)| Row::new(step, QuantityName::GRADIENT_NORM, *name, *norm))
        };
        (0..steps).flat_map(at).collect()
    }

    fn found(rows: &[Row]) -> Vec<(&'static str, String)> {
        let findings = diagnose(rows, &Thresholds::default());
        findings.into_iter().map(|f| (f.rule, f.subject.to_string())).collect()
    }

    #[test]
    fn a_loss_that_does_not_depend_on_the_weights_is_one_finding_whose_remedy_knows_the_loss() {
        let norms = [("a.weight", 0.0), ("a.bias", 0.0), ("b.weight", 0.0), ("b.bias", 0.0)];
        assert_eq!(found(&rows(&norms, 1)), [("zero-gradient", "network".to_owned())]);
        let context = Context { loss: Some(CrossEntropy), outputs: Some(1), ..Context::default() };
        let findings = diagnose_in(&rows(&norms, 4), &Thresholds::default(), &context);
        assert!(findings[0].remedy.contains("one output a class"));
        assert_eq!(findings[0].confidence, Confidence::Certain);
    }

    #[test]
    fn a_bias_of_minus_1000_is_named_and_nothing_is_said_of_the_rate() {
        let norms = [
            ("hidden.0.weight", 0.0),
            ("hidden.1.weight", 0.0),
            ("hidden.1.bias", 0.0),
            ("head.weight", 0.0),
            ("head.bias", 0.3),
        ];
        let mut rows = rows(&norms, 5);
        for step in 0..5 {
            for (name, norm) in [("hidden.1.weight", 5.0), ("hidden.1.bias", 5_656.0)] {
                rows.push(Row::new(step, QuantityName::WEIGHT_NORM, name, norm));
            }
            for (name, _) in norms {
                rows.push(Row::new(step, QuantityName::UPDATE_RATIO, name, 0.0));
            }
        }
        assert_eq!(found(&rows), [("zero-gradient", "hidden.1.bias".to_owned())]);
    }

    #[test]
    fn recurrent_weights_that_see_no_state_are_named_and_a_zero_at_the_start_is_no_finding() {
        let norms =
            [("reverse.0.hidden.weight", 0.0), ("reverse.0.input.weight", 0.1), ("h.weight", 1.0)];
        let name = "reverse.0.hidden.weight".to_owned();
        assert_eq!(found(&rows(&norms, 4)), [("zero-gradient", name)]);
        assert_eq!(found(&rows(&norms, 1)), []);
        let mut rows = rows(&norms, 4);
        rows.iter_mut()
            .filter(|row| row.step > 0 && row.value == 0.0)
            .for_each(|row| row.value = 0.2);
        assert_eq!(found(&rows), []);
    }

    #[test]
    fn nothing_is_left_to_learn_where_the_loss_is_gone() {
        let mut rows = rows(&[("a.weight", 0.0), ("b.weight", 0.0)], 40);
        rows.extend((0..40).map(|step| {
            Row::of_network(step, QuantityName::LOSS, if step < 3 { 0.7 } else { 0.0 })
        }));
        assert_eq!(found(&rows), []);
    }
}
