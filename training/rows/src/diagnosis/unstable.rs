//! Steps that are too large for the weights.

use super::trouble::Trouble;
use super::{Case, Confidence, Finding, Rule};
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// The first steps, at which a rate that is far too high shows.
const FIRST_OBSERVATIONS: usize = 3;

/// Finds a learning rate that is far too high, and parameters that change too much in a step.
pub(super) struct Unstable;

impl Rule for Unstable {
    fn name(&self) -> &'static str {
        "unstable"
    }

    fn about(&self) -> &'static str {
        "The first steps are larger than all weights together, or the weights or the loss grow tenfold, \
         or updates of a weight are far above a thousandth of it, the usual size. Needs update_ratio, \
         weight_norm or loss. What starts at zero is exempt."
    }

    fn examine(&self, case: &Case<'_>) -> Vec<Finding> {
        let signs: Vec<Sign> = [first_steps(case), weights(case), loss(case), bottomless(case)]
            .into_iter()
            .flatten()
            .collect();
        let Some(since) = signs.iter().map(|sign| sign.since).min() else {
            return single_weights(case);
        };
        let evidence: Vec<String> = signs.iter().map(|sign| sign.evidence.clone()).collect();
        vec![Finding {
            rule: self.name(),
            subject: Subject::NETWORK,
            since,
            evidence: evidence.join("; "),
            confidence: if signs.len() > 1 { Confidence::Certain } else { Confidence::Likely },
            remedy: "Lower the learning rate, by a factor ten or more, or warm it up",
            experiment: None,
        }]
    }
}

/// A sign of a learning rate that is far too high.
struct Sign {
    since: u64,
    evidence: String,
}

fn first_steps(case: &Case<'_>) -> Option<Sign> {
    if case.starts_at_zero(&Subject::NETWORK) {
        return None;
    }
    let ratios = case.course(&QuantityName::UPDATE_RATIO, &Subject::NETWORK);
    let is_large = |(_, ratio): &&(u64, f64)| *ratio > case.thresholds.first_update_ratio;
    let (since, ratio) = ratios.iter().take(FIRST_OBSERVATIONS).find(is_large)?;
    let evidence = format!("‖ΔW‖ / ‖W‖ of all weights is {ratio:.1e} at step {since}");
    Some(Sign { since: *since, evidence })
}

fn weights(case: &Case<'_>) -> Option<Sign> {
    let course = case.course(&QuantityName::WEIGHT_NORM, &Subject::NETWORK);
    growth("‖W‖ of all weights", course, case.thresholds.weight_growth)
}

fn loss(case: &Case<'_>) -> Option<Sign> {
    let course = case.course(&QuantityName::LOSS, &Subject::NETWORK);
    growth("the loss", course, case.thresholds.loss_growth)
}

/// A loss that starts below zero and falls ever faster, to a multiple of that, has no lower bound. One that
/// has, such as a negative cosine, falls ever more slowly.
fn bottomless(case: &Case<'_>) -> Option<Sign> {
    const PARTS: usize = 3;
    let course = case.course(&QuantityName::LOSS, &Subject::NETWORK);
    let depth: Vec<(u64, f64)> = course.iter().map(|(step, loss)| (*step, -loss)).collect();
    let Sign { since, .. } = growth("", &depth, case.thresholds.bottomless_growth)?;
    let third = course.len() / PARTS;
    let fall = |from: usize, to: usize| course[from].1 - course[to].1;
    let last = course.len() - 1;
    if third < FIRST_OBSERVATIONS || fall(last - third, last) < fall(0, third) {
        return None;
    }
    let (first, last) = (course[0].1, course[last].1);
    let evidence =
        format!("the loss fell from {first:.1e} to {last:.1e}, ever faster: is its sign right?");
    Some(Sign { since, evidence })
}

/// Judges what grows to a multiple of its first value and stays there.
fn growth(what: &str, course: &[(u64, f64)], bound: f64) -> Option<Sign> {
    let (first, start) = *course.first()?;
    // The first batch may be an easy one.
    let start =
        course.iter().take(FIRST_OBSERVATIONS).map(|(_, value)| *value).fold(start, f64::min);
    if start.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
        return None;
    }
    let is_large = |value: f64| value > bound * start && value.is_finite();
    let trouble = Trouble::of(
        course.iter().map(|(step, value)| (*step, is_large(*value).then_some(*value))),
    )?;
    trouble.is_lasting().then(|| Sign {
        since: trouble.since,
        evidence: format!("{what} went from {start:.1e} at step {first} to {:.1e}", trouble.latest),
    })
}

/// Reports weights that change too much at most observed steps: a single step says little.
fn single_weights(case: &Case<'_>) -> Vec<Finding> {
    let finding = |subject: &Subject| {
        let course = case.course(&QuantityName::UPDATE_RATIO, subject);
        let is_large = |ratio: f64| ratio > case.thresholds.largest_update_ratio;
        let judged = course.iter().map(|(step, r)| (*step, is_large(*r).then_some(*r)));
        let trouble = Trouble::of(judged)?;
        trouble.is_usual().then(|| Finding {
            rule: "unstable",
            subject: subject.clone(),
            since: trouble.since,
            evidence: format!("‖ΔW‖ / ‖W‖ is {:.1e}, {}", trouble.latest, trouble.at()),
            confidence: trouble.confidence(),
            remedy: if case.context.is_clipped == Some(true) {
                "Lower the learning rate, or warm it up"
            } else {
                "Lower the learning rate, warm it up, or clip the global norm"
            },
            experiment: None,
        })
    };
    case.subjects(&QuantityName::UPDATE_RATIO)
        // What starts at zero has no size of its own that a step could be compared with.
        .filter(|subject| !subject.is_offset() && !case.starts_at_zero(subject))
        .filter_map(finding)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Thresholds, diagnose};
    use crate::row::Row;

    fn rules(rows: &[Row]) -> Vec<(&'static str, String)> {
        let findings = diagnose(rows, &Thresholds::default());
        findings.into_iter().map(|f| (f.rule, f.subject.to_string())).collect()
    }

    fn course(quantity: &QuantityName, subject: &str, values: &[f64]) -> Vec<Row> {
        let row =
            |(step, value): (usize, &f64)| Row::new(step as u64, quantity.clone(), subject, *value);
        values.iter().enumerate().map(row).collect()
    }

    #[test]
    fn weights_that_go_from_11_to_346_by_a_first_step_of_5_times_their_size_are_a_rate_too_high() {
        let norms = [&[11.0][..], &[63.0; 4], &[346.0; 15]].concat();
        let mut rows = course(&QuantityName::WEIGHT_NORM, "network", &norms);
        rows.extend(course(&QuantityName::UPDATE_RATIO, "network", &[5.5, 0.05, 0.03, 0.02]));
        // What follows from it would call for the opposite.
        for layer in 0..4 {
            let fallen = 1e-6f64.powi(3 - layer);
            let norms = [&[1.0][..], &[fallen; 19]].concat();
            let name = format!("hidden.{layer}");
            rows.extend(course(&QuantityName::ACTIVATION_GRADIENT_NORM, &name, &norms));
            let ratios = [&[5.0][..], &[1e-9; 19]].concat();
            rows.extend(course(&QuantityName::UPDATE_RATIO, &format!("{name}.weight"), &ratios));
        }
        assert_eq!(rules(&rows), [("unstable", "network".to_owned())]);
    }

    #[test]
    fn a_loss_that_grows_is_a_rate_too_high_and_one_that_leaps_once_is_not() {
        let lost = [&[2.3, 2.2][..], &[13_453.0; 20]].concat();
        let found = rules(&course(&QuantityName::LOSS, "network", &lost));
        assert_eq!(found[0], ("unstable", "network".to_owned()));
        let leap = [&[2.3][..], &[2.0; 40], &[40.0], &[2.0; 20]].concat();
        assert!(
            !rules(&course(&QuantityName::LOSS, "network", &leap))
                .iter()
                .any(|f| f.0 == "unstable")
        );
    }

    #[test]
    fn a_loss_of_the_wrong_sign_falls_without_end_and_one_that_stays_below_zero_does_not() {
        let falls: Vec<f64> = (0..24).map(|step| -1.4 - 0.01 * f64::from(step * step)).collect();
        let found = rules(&course(&QuantityName::LOSS, "network", &falls));
        assert_eq!(found, [("unstable", "network".to_owned())]);
        let cosine: Vec<f64> = (0..24).map(|step| -1.0 + 0.9 * 0.8f64.powi(step)).collect();
        assert_eq!(rules(&course(&QuantityName::LOSS, "network", &cosine)), []);
        assert_eq!(rules(&course(&QuantityName::LOSS, "network", &[-1.4; 23])), []);
    }

    #[test]
    fn what_starts_at_zero_is_exempt() {
        let growing: Vec<f64> = (1..40).map(|step| 1.0 / f64::from(step)).collect();
        let ratio = QuantityName::UPDATE_RATIO;
        for name in ["norm.beta", "layer.bias"] {
            assert_eq!(rules(&course(&ratio, name, &[1.0; 40])), [], "{name}");
        }
        let norms = [&[0.0][..], &[1.0; 39]].concat();
        let mut rows = course(&QuantityName::WEIGHT_NORM, "branch.weight", &norms);
        rows.extend(course(&ratio, "branch.weight", &growing));
        assert_eq!(rules(&rows), []);
        let found = rules(&course(&ratio, "branch.weight", &[0.5; 40]));
        assert_eq!(found, [("unstable", "branch.weight".to_owned())]);
    }
}
