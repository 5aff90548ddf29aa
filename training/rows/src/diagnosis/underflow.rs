//! Gradients that underflow.

use super::trouble::Trouble;
use super::{Case, Finding, Rule};
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// Finds gradients that are mostly too small for their number type.
pub(super) struct Underflow;

impl Rule for Underflow {
    fn name(&self) -> &'static str {
        "underflow"
    }

    fn about(&self) -> &'static str {
        "More than half of a gradient lies below the normal numbers, where precision is lost. Needs gradient_underflow_share."
    }

    fn examine(&self, case: &Case<'_>) -> Vec<Finding> {
        let finding = |subject: &Subject| {
            let course = case.course(&QuantityName::GRADIENT_UNDERFLOW_SHARE, subject);
            let is_above = |share: f64| share > case.thresholds.underflow_share;
            let observed = course.iter().map(|(step, s)| (*step, is_above(*s).then_some(*s)));
            let trouble = Trouble::of(observed).filter(Trouble::is_lasting)?;
            Some(Finding {
                rule: "underflow",
                subject: subject.clone(),
                since: trouble.since,
                evidence: format!(
                    "{:.0} % of the gradient is subnormal, {}",
                    100.0 * trouble.latest,
                    trouble.at()
                ),
                confidence: trouble.confidence(),
                remedy: "Scale the loss, or cure the vanishing gradient: no optimiser can use these digits",
                experiment: Some("sigmoid-vs-relu"),
            })
        };
        case.subjects(&QuantityName::GRADIENT_UNDERFLOW_SHARE).filter_map(finding).collect()
    }
}
