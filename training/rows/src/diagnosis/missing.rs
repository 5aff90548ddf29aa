//! Parameters that the loss does not depend on.

use super::{Case, Confidence, Finding, Rule};
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// Finds parameters that require a gradient but never receive one.
pub(super) struct MissingGradient;

impl Rule for MissingGradient {
    fn name(&self) -> &'static str {
        "missing-gradient"
    }

    fn about(&self) -> &'static str {
        "A parameter never receives a gradient. Needs gradient_missing; certain where steps that follow \
         each other were observed. Burn's own modern-LSTM example trained for long with such a bias \
         (burn#5235)."
    }

    fn examine(&self, case: &Case<'_>) -> Vec<Finding> {
        let subjects: Vec<&Subject> = case.subjects(&QuantityName::GRADIENT_MISSING).collect();
        let course = |subject: &Subject| case.course(&QuantityName::GRADIENT_MISSING, subject);
        let is_missing = |(_, missing): &(u64, f64)| *missing == 1.0;
        let never = |subject: &&Subject| {
            course(subject).iter().all(is_missing) && !is_trained_unseen(case, subject)
        };
        let missing: Vec<&Subject> = subjects.iter().copied().filter(never).collect();
        if missing.len() == subjects.len() && missing.len() > 1 {
            return vec![nothing_at_all(missing.len(), course(missing[0]))];
        }
        let finding = |subject: &Subject| {
            let course = course(subject);
            Finding {
                rule: "missing-gradient",
                subject: subject.clone(),
                since: course[0].0,
                evidence: format!("no gradient at any of {} observed steps", course.len()),
                confidence: confidence(course),
                remedy: "Use the parameter in the forward pass, or remove or freeze it",
                experiment: None,
            }
        };
        missing.into_iter().map(finding).collect()
    }
}

/// Tells whether the parameter changed between two observations: it is trained at steps that were not
/// observed, as one of two heads is that take turns.
fn is_trained_unseen(case: &Case<'_>, subject: &Subject) -> bool {
    let norms = case.course(&QuantityName::WEIGHT_NORM, subject);
    norms.windows(2).any(|pair| pair[0].1 != pair[1].1)
}

/// A part that has its turn at every second step is missed by every even schedule.
fn confidence(course: &[(u64, f64)]) -> Confidence {
    let are_neighbours = course.windows(2).any(|pair| pair[1].0 == pair[0].0 + 1);
    if course.len() > 2 && are_neighbours { Confidence::Certain } else { Confidence::Likely }
}

fn nothing_at_all(count: usize, course: &[(u64, f64)]) -> Finding {
    Finding {
        rule: "missing-gradient",
        subject: Subject::NETWORK,
        since: course[0].0,
        evidence: format!(
            "none of {count} parameters has a gradient at any of {} observed steps",
            course.len()
        ),
        confidence: Confidence::Likely,
        remedy: "Observe before the gradients are taken out (`GradientsParams::from_module` and \
                 `from_grads` empty them), and observe the module that ran the forward pass, on a \
                 device with autodiff",
        experiment: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Thresholds, diagnose};
    use crate::row::Row;

    fn find(rows: &[Row]) -> Vec<Finding> {
        diagnose(rows, &Thresholds::default())
    }

    fn missing(step: u64, subject: &str, value: f64) -> Row {
        Row::new(step, QuantityName::GRADIENT_MISSING, subject, value)
    }

    #[test]
    fn a_parameter_that_nothing_uses_is_certain_only_where_every_step_was_seen() {
        let rows = |every: u64| -> Vec<Row> {
            let at = |step| {
                [missing(step * every, "a.weight", 0.0), missing(step * every, "b.weight", 1.0)]
            };
            (0..4).flat_map(at).collect()
        };
        let certain = find(&rows(1));
        assert_eq!((&*certain[0].subject.to_string(), certain.len()), ("b.weight", 1));
        assert_eq!(certain[0].confidence, Confidence::Certain);
        assert_eq!(find(&rows(2))[0].confidence, Confidence::Likely);
    }

    #[test]
    fn heads_that_take_turns_are_no_finding() {
        let mut rows: Vec<Row> = (0..6)
            .flat_map(|step| {
                let turn = (step % 2) as f64;
                [missing(step, "left.weight", turn), missing(step, "right.weight", 1.0 - turn)]
            })
            .collect();
        assert_eq!(find(&rows), []);
        // An even schedule sees one of them only, whose weights change nevertheless.
        rows.retain(|row| row.step % 2 == 0);
        assert_eq!(find(&rows)[0].confidence, Confidence::Likely);
        let norm =
            |step| Row::new(step, QuantityName::WEIGHT_NORM, "right.weight", 1.0 + step as f64);
        rows.extend([0, 2, 4].map(norm));
        assert_eq!(find(&rows), []);
    }

    #[test]
    fn gradients_that_were_taken_out_are_one_hint() {
        let rows = ["a.weight", "a.bias", "b.weight"].map(|name| missing(0, name, 1.0));
        let findings = find(&rows);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].subject.is_network());
        assert!(findings[0].remedy.contains("taken out"));
    }
}
