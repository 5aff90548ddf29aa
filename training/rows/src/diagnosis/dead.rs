//! Dead rectifiers.

use super::{Confidence, Finding, Rule, Thresholds};
use crate::history::History;
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// Finds layers where most units are zero for every example.
pub(super) struct Dead;

impl Rule for Dead {
    fn name(&self) -> &'static str {
        "dead"
    }

    fn about(&self) -> &'static str {
        "More than half of a layer's rectifiers are zero for a whole batch. Needs dead_share."
    }

    fn examine(&self, history: &History<'_>, thresholds: &Thresholds) -> Vec<Finding> {
        let finding = |subject: &Subject| {
            let course = history.course(&QuantityName::DEAD_SHARE, subject);
            let above: Vec<_> =
                course.iter().filter(|(_, share)| *share > thresholds.dead_share).collect();
            let (since, _) = **above.first()?;
            let latest = above[above.len() - 1].1;
            Some(Finding {
                rule: "dead",
                subject: subject.clone(),
                since,
                evidence: format!(
                    "{:.0} % of the units are zero for the whole batch, at {} of {} observed steps",
                    100.0 * latest,
                    above.len(),
                    course.len()
                ),
                confidence: Confidence::of(above.len(), course.len()),
                remedy: "Lower the learning rate, use He's initialiser, or use Leaky ReLU",
                experiment: Some("born-dead-relu"),
            })
        };
        history.subjects(&QuantityName::DEAD_SHARE).filter_map(finding).collect()
    }
}
