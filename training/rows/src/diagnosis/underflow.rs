//! Gradients that underflow.

use super::{Confidence, Finding, Rule, Thresholds};
use crate::history::History;
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

    fn examine(&self, history: &History<'_>, thresholds: &Thresholds) -> Vec<Finding> {
        let finding = |subject: &Subject| {
            let course = history.course(&QuantityName::GRADIENT_UNDERFLOW_SHARE, subject);
            let above: Vec<_> =
                course.iter().filter(|(_, share)| *share > thresholds.underflow_share).collect();
            let (since, _) = **above.first()?;
            let latest = above[above.len() - 1].1;
            Some(Finding {
                rule: "underflow",
                subject: subject.clone(),
                since,
                evidence: format!(
                    "{:.0} % of the gradient is subnormal, at {} of {} observed steps",
                    100.0 * latest,
                    above.len(),
                    course.len()
                ),
                confidence: Confidence::of(above.len(), course.len()),
                remedy: "Scale the loss, or cure the vanishing gradient: no optimiser can use these digits",
                experiment: Some("sigmoid-vs-relu"),
            })
        };
        history.subjects(&QuantityName::GRADIENT_UNDERFLOW_SHARE).filter_map(finding).collect()
    }
}
