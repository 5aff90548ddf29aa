//! Parameters that the loss does not depend on.

use super::{Confidence, Finding, Rule, Thresholds};
use crate::history::History;
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// Finds parameters that require a gradient but never receive one.
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
        let never = |subject: &&Subject| {
            history
                .course(&QuantityName::GRADIENT_MISSING, subject)
                .iter()
                .all(|(_, missing)| *missing == 1.0)
        };
        let finding = |subject: &Subject| {
            let course = history.course(&QuantityName::GRADIENT_MISSING, subject);
            Finding {
                rule: "missing-gradient",
                subject: subject.clone(),
                since: course[0].0,
                evidence: format!("no gradient at any of {} observed steps", course.len()),
                confidence: Confidence::Certain,
                remedy: "Use the parameter in the forward pass, or remove or freeze it",
                experiment: None,
            }
        };
        history.subjects(&QuantityName::GRADIENT_MISSING).filter(never).map(finding).collect()
    }
}
