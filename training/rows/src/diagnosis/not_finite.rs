//! Gradients that are NaN or infinite.

use super::{Confidence, Finding, Rule, Thresholds};
use crate::history::History;
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// Finds the first step with a gradient that is not finite, and the first such parameter in depth
/// order.
pub(super) struct NotFinite;

impl Rule for NotFinite {
    fn name(&self) -> &'static str {
        "not-finite"
    }

    fn about(&self) -> &'static str {
        "A gradient holds NaN or infinity. Needs gradient_norm; true by definition."
    }

    fn examine(&self, history: &History<'_>, _: &Thresholds) -> Vec<Finding> {
        let first_step = |subject: &&Subject| {
            let course = history.course(&QuantityName::GRADIENT_NORM, subject);
            course.iter().find(|(_, norm)| !norm.is_finite()).map(|(step, _)| *step)
        };
        let broken = history
            .subjects(&QuantityName::GRADIENT_NORM)
            .filter_map(|s| Some((first_step(&s)?, s)));
        // Of several minima, `min_by_key` returns the first: the shallowest parameter.
        let Some((since, subject)) = broken.min_by_key(|(step, _)| *step) else { return vec![] };
        let course = history.course(&QuantityName::GRADIENT_NORM, subject);
        let before = course.iter().rev().find(|(step, _)| *step < since);
        vec![Finding {
            rule: self.name(),
            subject: subject.clone(),
            since,
            evidence: before.map_or_else(
                || "the gradient is not finite at the first observed step".to_owned(),
                |(step, norm)| format!("‖g‖ was {norm:.1e} at step {step}, then not finite"),
            ),
            confidence: Confidence::Certain,
            remedy: "Lower the learning rate, clip the global norm, or check the data for NaN",
            experiment: None,
        }]
    }
}
