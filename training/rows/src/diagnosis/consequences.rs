//! Findings that follow from others.

use super::Finding;

/// A rule and the rules whose findings it explains when they are no older. Their remedies would be
/// wrong: where the learning rate is far too high, gradients vanish, and raising the rate is no cure.
const EXPLAINS: &[(&str, &[&str])] = &[
    (
        "symmetric",
        &["zero-gradient", "vanishing", "exploding", "not-learning", "unstable", "drift"],
    ),
    ("unstable", &["vanishing", "exploding", "zero-gradient", "not-learning", "spike", "drift"]),
    ("not-finite", &["spike", "drift"]),
    ("zero-gradient", &["not-learning"]),
];

/// Returns the findings without those that others explain.
pub(super) fn without(findings: Vec<Finding>) -> Vec<Finding> {
    let is_explained = |finding: &Finding| {
        EXPLAINS.iter().any(|(cause, effects)| {
            // What was there when training started is no effect of what training does.
            let is_before = |cause: &Finding| match cause.rule {
                // Weights are equal from the start, whenever it shows.
                "symmetric" => true,
                "unstable" => cause.subject.is_network() && cause.since < finding.since,
                _ => cause.since <= finding.since,
            };
            effects.contains(&finding.rule)
                && findings.iter().any(|other| other.rule == *cause && is_before(other))
        })
    };
    let is_kept: Vec<bool> = findings.iter().map(|finding| !is_explained(finding)).collect();
    findings.into_iter().zip(is_kept).filter_map(|(finding, is)| is.then_some(finding)).collect()
}
