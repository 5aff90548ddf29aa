//! Dead rectifiers.

use super::trouble::Trouble;
use super::{Case, Confidence, Finding, Rule};
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// A unit that is silent for one batch is not dead; one that is silent for so many in a row is.
const BATCHES: usize = 3;

/// With fewer examples, a batch says little of a unit.
const FEW_EXAMPLES: usize = 16;

/// A layer of which so many units are silent is silent, however few examples a batch has.
const SILENT: f64 = 0.99;

/// Of a batch of unknown size, the share of silent units may be that of a single example, which changes
/// with the example; that of dead units does not.
const STEADY: f64 = 0.1;

/// Finds layers where most units are zero for every example.
pub(super) struct Dead;

impl Rule for Dead {
    fn name(&self) -> &'static str {
        "dead"
    }

    fn about(&self) -> &'static str {
        "More than half of a layer's rectifiers are zero for three observed batches in a row. Needs \
         dead_share. Fewer batches are judged if nearly all units are silent, or if the batch is known \
         to be large."
    }

    fn examine(&self, case: &Case<'_>) -> Vec<Finding> {
        let finding = |subject: &Subject| {
            let course = case.course(&QuantityName::DEAD_SHARE, subject);
            let shares: Vec<(u64, f64)> =
                course.iter().filter(|(step, _)| !case.is_empty_batch(*step)).copied().collect();
            let in_all = |window: &[(u64, f64)]| (window[0].0, silent_in_all(case, window));
            let windows = shares.windows(BATCHES.min(shares.len().max(1)));
            let trouble = Trouble::of(windows.map(in_all)).filter(Trouble::is_lasting)?;
            Some(Finding {
                rule: "dead",
                subject: subject.clone(),
                since: trouble.since,
                evidence: format!(
                    "{:.0} % of the units are zero for the whole batch, {}",
                    100.0 * trouble.latest,
                    trouble.at()
                ),
                confidence: if shares.len() < BATCHES {
                    Confidence::Possible
                } else {
                    trouble.confidence()
                },
                remedy: "Lower the learning rate, use He's initialiser, or use Leaky ReLU",
                experiment: Some("born-dead-relu"),
            })
        };
        case.subjects(&QuantityName::DEAD_SHARE).filter_map(finding).collect()
    }
}

/// Returns the share of units that are silent in all of some batches, at most, if it is trouble.
fn silent_in_all(case: &Case<'_>, batches: &[(u64, f64)]) -> Option<f64> {
    let shares = batches.iter().map(|(_, share)| *share);
    let least = shares.clone().fold(f64::INFINITY, f64::min);
    let spread = shares.fold(0.0, f64::max) - least;
    let is_told = match case.context.batch_size {
        Some(examples) => examples >= FEW_EXAMPLES,
        None => batches.len() == BATCHES && spread <= STEADY,
    };
    let bound = if is_told { case.thresholds.dead_share } else { SILENT };
    (least > bound).then_some(least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Context, Thresholds, diagnose_in};
    use crate::row::Row;

    fn found(shares: &[f64], batch_size: Option<usize>) -> Vec<&'static str> {
        let row = |(step, share): (usize, &f64)| {
            Row::new(10 * step as u64, QuantityName::DEAD_SHARE, "hidden.0", *share)
        };
        let rows: Vec<Row> = shares.iter().enumerate().map(row).collect();
        let context = Context { batch_size, ..Context::default() };
        let findings = diagnose_in(&rows, &Thresholds::default(), &context);
        findings.iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn a_unit_that_is_silent_in_one_batch_is_not_dead() {
        assert_eq!(found(&[0.6], None), [""; 0]);
        assert_eq!(found(&[0.2, 0.7, 0.2, 0.6, 0.3], None), [""; 0]);
        // Half of the units of a single example are silent, more or fewer.
        assert_eq!(found(&[0.75, 0.52, 0.58, 0.76, 0.6, 0.45, 0.55], None), [""; 0]);
        assert_eq!(found(&[0.6; 5], Some(1)), [""; 0]);
    }

    #[test]
    fn a_layer_that_is_silent_in_batch_after_batch_is() {
        assert_eq!(found(&[0.6; 5], None), ["dead"]);
        assert_eq!(found(&[0.1, 0.3, 0.8, 0.82, 0.82, 0.82], None), ["dead"]);
        assert_eq!(found(&[1.0], None), ["dead"]);
        assert_eq!(found(&[0.6], Some(64)), ["dead"]);
        assert_eq!(found(&[1.0; 3], Some(1)), ["dead"]);
    }

    #[test]
    fn an_empty_batch_kills_nobody() {
        let rows = [
            Row::new(0, QuantityName::DEAD_SHARE, "hidden.0", 1.0),
            Row::new(0, QuantityName::ACTIVATION_NORM, "hidden.0", 0.0),
            Row::new(0, QuantityName::GRADIENT_NORM, "hidden.0.weight", 0.0),
            Row::new(0, QuantityName::GRADIENT_NORM, "head.weight", 0.0),
        ];
        let rules = |rows: &[Row]| -> Vec<&'static str> {
            let findings = diagnose_in(rows, &Thresholds::default(), &Context::default());
            findings.iter().map(|finding| finding.rule).collect()
        };
        assert!(!rules(&rows).contains(&"dead"));
        // A dead layer's head still learns.
        let mut dead = rows.to_vec();
        dead.push(Row::new(0, QuantityName::GRADIENT_NORM, "head.bias", 0.5));
        assert!(rules(&dead).contains(&"dead"));
    }
}
