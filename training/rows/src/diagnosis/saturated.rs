//! Saturated sigmoids and tanhs.

use super::{Confidence, Finding, Rule, Thresholds};
use crate::history::History;
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

    fn examine(&self, history: &History<'_>, thresholds: &Thresholds) -> Vec<Finding> {
        let finding = |subject: &Subject| {
            let course = history.course(&QuantityName::SATURATED_SHARE, subject);
            let above: Vec<_> =
                course.iter().filter(|(_, share)| *share > thresholds.saturated_share).collect();
            let (since, _) = **above.first()?;
            let latest = above[above.len() - 1].1;
            Some(Finding {
                rule: "saturated",
                subject: subject.clone(),
                since,
                evidence: format!(
                    "{:.0} % of the outputs have almost no slope, at {} of {} observed steps",
                    100.0 * latest,
                    above.len(),
                    course.len()
                ),
                confidence: Confidence::of(above.len(), course.len()),
                remedy: "Scale the inputs, lower the gain of the initialiser, or normalise the pre-activations",
                experiment: Some("saturation"),
            })
        };
        history.subjects(&QuantityName::SATURATED_SHARE).filter_map(finding).collect()
    }
}
