//! Updates that are too small or too large for their parameters.

use super::{Confidence, Finding, Rule, Thresholds};
use crate::history::History;
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// Finds parameters that hardly change.
pub(super) struct NotLearning;

/// Finds parameters that change too much in a step.
pub(super) struct Unstable;

impl Rule for NotLearning {
    fn name(&self) -> &'static str {
        "not-learning"
    }

    fn about(&self) -> &'static str {
        "Updates are far below a thousandth of the parameter, the usual size. Needs update_ratio."
    }

    fn examine(&self, history: &History<'_>, thresholds: &Thresholds) -> Vec<Finding> {
        let remedy = "Raise the learning rate, use Adam, or cure the vanishing gradient";
        let is_small = |ratio: f64| ratio < thresholds.smallest_update_ratio;
        most_steps(history, self.name(), is_small, remedy)
    }
}

impl Rule for Unstable {
    fn name(&self) -> &'static str {
        "unstable"
    }

    fn about(&self) -> &'static str {
        "Updates are far above a thousandth of the parameter, the usual size. Needs update_ratio."
    }

    fn examine(&self, history: &History<'_>, thresholds: &Thresholds) -> Vec<Finding> {
        let remedy = "Lower the learning rate, warm it up, or clip the global norm";
        let is_large = |ratio: f64| ratio > thresholds.largest_update_ratio;
        most_steps(history, self.name(), is_large, remedy)
    }
}

/// Reports weights with trouble at most observed steps: a single step says little. Biases are left
/// out, as they start at zero, where any update is relatively large.
fn most_steps(
    history: &History<'_>,
    rule: &'static str,
    is_trouble: impl Fn(f64) -> bool,
    remedy: &'static str,
) -> Vec<Finding> {
    let finding = |subject: &Subject| {
        let course = history.course(&QuantityName::UPDATE_RATIO, subject);
        let trouble: Vec<_> = course.iter().filter(|(_, ratio)| is_trouble(*ratio)).collect();
        let (since, _) = **trouble.first()?;
        let latest = trouble[trouble.len() - 1].1;
        (2 * trouble.len() > course.len()).then(|| Finding {
            rule,
            subject: subject.clone(),
            since,
            evidence: format!(
                "‖ΔW‖ / ‖W‖ is {latest:.1e}, at {} of {} observed steps",
                trouble.len(),
                course.len()
            ),
            confidence: Confidence::of(trouble.len(), course.len()),
            remedy,
            experiment: None,
        })
    };
    let is_weight = |subject: &&Subject| !subject.is_bias();
    history.subjects(&QuantityName::UPDATE_RATIO).filter(is_weight).filter_map(finding).collect()
}
