//! Saturated sigmoids and tanhs.

use super::trouble::Trouble;
use super::{Case, Finding, Rule};
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// Finds layers where most outputs lie on a flat part of the activation.
pub(super) struct Saturated;

impl Rule for Saturated {
    fn name(&self) -> &'static str {
        "saturated"
    }

    fn about(&self) -> &'static str {
        "More than half of a sigmoid's or tanh's outputs have less than 1 % of the largest slope. Needs saturated_share."
    }

    fn examine(&self, case: &Case<'_>) -> Vec<Finding> {
        let finding = |subject: &Subject| {
            let course = case.course(&QuantityName::SATURATED_SHARE, subject);
            let is_above = |share: f64| share > case.thresholds.saturated_share;
            let observed = course.iter().map(|(step, s)| (*step, is_above(*s).then_some(*s)));
            let trouble = Trouble::of(observed).filter(Trouble::is_lasting)?;
            Some(Finding {
                rule: "saturated",
                subject: subject.clone(),
                since: trouble.since,
                evidence: format!(
                    "{:.0} % of the outputs have almost no slope, {}",
                    100.0 * trouble.latest,
                    trouble.at()
                ),
                confidence: trouble.confidence(),
                remedy: "Scale the inputs, lower the gain of the initialiser, or normalise the pre-activations",
                experiment: Some("saturation"),
            })
        };
        case.subjects(&QuantityName::SATURATED_SHARE).filter_map(finding).collect()
    }
}
