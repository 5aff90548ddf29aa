//! Values that are NaN or infinite.

use super::{Case, Confidence, Finding, Rule, origin};

/// Finds where values first stop being finite.
pub(super) struct NotFinite;

impl Rule for NotFinite {
    fn name(&self) -> &'static str {
        "not-finite"
    }

    fn about(&self) -> &'static str {
        "A gradient, a weight, an activation or the loss is NaN or infinite. Needs gradient_norm; \
         activation_norm and weight_norm name the origin. True by definition."
    }

    fn examine(&self, case: &Case<'_>) -> Vec<Finding> {
        let Some(origin) = origin::in_history(case.history) else { return vec![] };
        vec![Finding {
            rule: self.name(),
            subject: origin.subject,
            since: origin.step,
            evidence: origin.evidence,
            confidence: Confidence::Certain,
            remedy: if case.context.is_clipped == Some(true) {
                "Lower the learning rate, or check the data for NaN, and for roots, logarithms and \
                 divisions at zero"
            } else {
                "Lower the learning rate, clip the global norm, or check the data for NaN"
            },
            experiment: None,
        }]
    }
}
