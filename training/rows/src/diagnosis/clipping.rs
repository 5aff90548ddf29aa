//! Clipping at almost every step.

use super::{Case, Confidence, Finding, Rule};
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// Finds clipping that acts at almost every step, so that the bound sets the step size.
pub(super) struct AlwaysClipped;

impl Rule for AlwaysClipped {
    fn name(&self) -> &'static str {
        "always-clipped"
    }

    fn about(&self) -> &'static str {
        "Clipping acts at almost every step. Needs global_gradient_norm and clipped_gradient_norm, \
         which trainers report."
    }

    fn examine(&self, case: &Case<'_>) -> Vec<Finding> {
        let before = case.course(&QuantityName::GLOBAL_GRADIENT_NORM, &Subject::NETWORK);
        let after = case.course(&QuantityName::CLIPPED_GRADIENT_NORM, &Subject::NETWORK);
        // Rounding of the scaled gradients stays far below this.
        let acted = |(before, after): &(&(u64, f64), &(u64, f64))| after.1 < before.1 * 0.999;
        let steps: Vec<_> = before.iter().zip(after).filter(acted).collect();
        if (steps.len() as f64) < case.thresholds.clipped_share * before.len().max(2) as f64 {
            return vec![];
        }
        let factor: f64 = steps.iter().map(|(b, a)| (a.1 / b.1).ln()).sum::<f64>();
        let factor = (factor / steps.len() as f64).exp();
        vec![Finding {
            rule: self.name(),
            subject: Subject::NETWORK,
            since: steps[0].0.0,
            evidence: format!(
                "clipping acted at {} of {} observed steps, by a factor {factor:.2e}",
                steps.len(),
                before.len()
            ),
            confidence: Confidence::of(steps.len(), before.len()),
            remedy: "Raise the bound or lower the learning rate: the bound, not the gradient, sets \
                     the step",
            experiment: None,
        }]
    }
}
