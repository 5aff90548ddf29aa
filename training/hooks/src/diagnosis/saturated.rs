//! Sigmoids and tanhs at their bounds.

use super::{Confidence, Finding, History, Rule, Thresholds};

/// Finds layers most of whose outputs have almost no slope.
pub(super) struct Saturated;

impl Rule for Saturated {
    fn name(&self) -> &'static str {
        "saturated"
    }

    fn about(&self) -> &'static str {
        "More than half of a sigmoid's or tanh's outputs have less than 1 % of the largest slope. Needs saturated_share."
    }

    fn examine(&self, history: &History<'_>, thresholds: &Thresholds) -> Vec<Finding> {
        let finding = |subject: &str| {
            let course = history.course("saturated_share", subject);
            let above: Vec<_> =
                course.iter().filter(|(_, share)| *share > thresholds.saturated_share).collect();
            let (since, _) = **above.first()?;
            let latest = above[above.len() - 1].1;
            Some(Finding {
                rule: "saturated",
                subject: subject.to_owned(),
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
        history.subjects("saturated_share").filter_map(finding).collect()
    }
}
