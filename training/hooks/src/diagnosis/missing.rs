//! Parameters that the loss does not depend on.

use super::{Confidence, Finding, History, Rule, Thresholds};

/// Finds parameters that require a gradient and never get one.
pub(super) struct MissingGradient;

impl Rule for MissingGradient {
    fn name(&self) -> &'static str {
        "missing-gradient"
    }

    fn about(&self) -> &'static str {
        "A parameter never receives a gradient. Needs gradient_missing; true by definition. Burn's \
         own modern-LSTM example trained for long with such a bias (burn#5235)."
    }

    fn examine(&self, history: &History<'_>, _: &Thresholds) -> Vec<Finding> {
        let never = |subject: &&str| {
            history.course("gradient_missing", subject).iter().all(|(_, missing)| *missing == 1.0)
        };
        let finding = |subject: &str| {
            let course = history.course("gradient_missing", subject);
            Finding {
                rule: "missing-gradient",
                subject: subject.to_owned(),
                since: course[0].0,
                evidence: format!("no gradient at any of {} observed steps", course.len()),
                confidence: Confidence::Certain,
                remedy: "Use the parameter in the forward pass, or remove or freeze it",
                experiment: None,
            }
        };
        history.subjects("gradient_missing").filter(never).map(finding).collect()
    }
}
