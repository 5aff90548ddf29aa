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
            .filter(|subject| !subject.is_offset())
            .filter_map(finding)
            .collect()
    }
}

/// Tells whether the gradient is exactly zero at most steps: no rate would change the weights.
fn has_no_gradient(case: &Case<'_>, subject: &Subject) -> bool {
    let course = case.course(&QuantityName::GRADIENT_NORM, subject);
    let zeros = course.iter().filter(|(_, norm)| *norm == 0.0).count();
    2 * zeros > course.len()
}
