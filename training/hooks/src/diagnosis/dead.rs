//! Rectifiers that answer nothing.

use super::{Confidence, Finding, History, Rule, Thresholds};

/// Finds layers most of whose units are zero for every example.
pub(super) struct Dead;

impl Rule for Dead {
    fn name(&self) -> &'static str {
        "dead"
    }

    fn about(&self) -> &'static str {
        "More than half of a layer's rectifiers are zero for a whole batch. Needs dead_share."
    }

    fn examine(&self, history: &History<'_>, thresholds: &Thresholds) -> Vec<Finding> {
        let finding = |subject: &str| {
            let course = history.course("dead_share", subject);
            let above: Vec<_> =
                course.iter().filter(|(_, share)| *share > thresholds.dead_share).collect();
            let (since, _) = **above.first()?;
            let latest = above[above.len() - 1].1;
            Some(Finding {
                rule: "dead",
                subject: subject.to_owned(),
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
        history.subjects("dead_share").filter_map(finding).collect()
    }
}
