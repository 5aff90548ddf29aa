//! Weights that hardly change.

use super::context::OptimizerKind::Adaptive;
use super::trouble::Trouble;
use super::{Case, Finding, Rule};
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// Finds weights that receive a gradient and hardly change.
pub(super) struct NotLearning;

impl Rule for NotLearning {
    fn name(&self) -> &'static str {
        "not-learning"
    }

    fn about(&self) -> &'static str {
        "Updates are far below a thousandth of the parameter, the usual size, from the start. Needs \
         update_ratio. A gradient of exactly zero is another rule's."
    }

    fn examine(&self, case: &Case<'_>) -> Vec<Finding> {
        let finding = |subject: &Subject| {
            let course = case.course(&QuantityName::UPDATE_RATIO, subject);
            let is_small = |ratio: f64| ratio < case.thresholds.smallest_update_ratio;
            let small = |course: &[(u64, f64)]| {
                Trouble::of(course.iter().map(|(step, r)| (*step, is_small(*r).then_some(*r))))
            };
            // What stops changing in the end has converged.
            small(&course[..course.len().div_ceil(2)]).filter(Trouble::is_usual)?;
            let trouble = small(course).filter(Trouble::is_usual)?;
            (!has_no_gradient(case, subject)).then(|| Finding {
                rule: "not-learning",
                subject: subject.clone(),
                since: trouble.since,
                evidence: format!("‖ΔW‖ / ‖W‖ is {:.1e}, {}", trouble.latest, trouble.at()),
                confidence: trouble.confidence(),
                remedy: if case.context.optimizer == Some(Adaptive) {
                    "Raise the learning rate, lower the optimiser's ε, or cure the vanishing gradient"
                } else {
                    "Raise the learning rate, use Adam, or cure the vanishing gradient"
                },
                experiment: None,
            })
        };
        case.subjects(&QuantityName::UPDATE_RATIO)
            .filter(|subject| !subject.is_offset() && !case.is_gated(subject))
            .filter_map(finding)
            .collect()
    }
}

/// Tells whether the gradient is missing or exactly zero at most steps: no rate would change the weights.
fn has_no_gradient(case: &Case<'_>, subject: &Subject) -> bool {
    let missing = case.course(&QuantityName::GRADIENT_MISSING, subject);
    let times = missing.iter().filter(|(_, missing)| *missing == 1.0).count();
    if 2 * times > missing.len() {
        return true;
    }
    let course = case.course(&QuantityName::GRADIENT_NORM, subject);
    let zeros = course.iter().filter(|(_, norm)| *norm == 0.0).count();
    2 * zeros > course.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Context, Thresholds, diagnose_in};
    use crate::row::Row;

    fn found(
        context: &Context,
        other: Option<(QuantityName, f64)>,
        ratios: [f64; 6],
    ) -> Vec<Finding> {
        let at = |(step, ratio): (u64, f64)| {
            let other = other.clone().map(|(q, value)| Row::new(step, q, "a.weight", value));
            std::iter::once(Row::new(step, QuantityName::UPDATE_RATIO, "a.weight", ratio))
                .chain(other)
        };
        let rows: Vec<Row> = (0..).zip(ratios).flat_map(at).collect();
        let findings = diagnose_in(&rows, &Thresholds::default(), context);
        findings.into_iter().filter(|finding| finding.rule == "not-learning").collect()
    }

    #[test]
    fn adam_is_not_advised_under_adam() {
        let remedy = |optimizer| {
            let context = Context { optimizer, ..Context::default() };
            found(&context, None, [1e-9; 6])[0].remedy
        };
        assert!(remedy(None).contains("use Adam"));
        assert!(!remedy(Some(Adaptive)).contains("use Adam"));
    }

    #[test]
    fn a_rate_is_not_to_blame_where_there_is_no_gradient_nor_where_training_has_converged() {
        let context = Context::default();
        let none = Some((QuantityName::GRADIENT_NORM, 0.0));
        assert_eq!(found(&context, none, [0.0; 6]), []);
        let missing = Some((QuantityName::GRADIENT_MISSING, 1.0));
        assert_eq!(found(&context, missing, [0.0; 6]), []);
        assert_eq!(found(&context, None, [1e-3, 1e-3, 1e-9, 1e-9, 1e-9, 1e-9]), []);
    }
}
