//! Signals that are too small from the start.

use super::{Case, Confidence, Finding, Rule};
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// Finds networks through which hardly any signal flows, because the inputs are too small.
pub(super) struct Faint;

impl Rule for Faint {
    fn name(&self) -> &'static str {
        "faint"
    }

    fn about(&self) -> &'static str {
        "At the first look, the outputs of every tapped layer hardly differ: inputs were not scaled. Needs \
         activation_standard_deviation."
    }

    fn examine(&self, case: &Case<'_>) -> Vec<Finding> {
        let quantity = QuantityName::ACTIVATION_STANDARD_DEVIATION;
        let first = |subject: &Subject| case.course(&quantity, subject).first().copied();
        let looks: Vec<(u64, f64)> = case.subjects(&quantity).filter_map(first).collect();
        let Some(since) = looks.iter().map(|(step, _)| *step).min() else { return vec![] };
        let largest = looks.iter().map(|(_, deviation)| *deviation).fold(0.0, f64::max);
        // Zero is nothing to scale: weights of zero, an empty batch.
        if largest == 0.0 || largest.is_nan() || largest >= case.thresholds.faint_signal {
            return vec![];
        }
        vec![Finding {
            rule: self.name(),
            subject: Subject::NETWORK,
            since,
            evidence: format!(
                "the outputs of {} tapped layers have standard deviations of at most {largest:.1e} at \
                 step {since}",
                looks.len()
            ),
            confidence: Confidence::Likely,
            remedy: "Scale the inputs to a standard deviation of about 1",
            experiment: None,
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Thresholds, diagnose};
    use crate::row::Row;

    #[test]
    fn only_a_network_that_is_faint_everywhere_from_the_start_is_found() {
        let found = |first: [f64; 3]| {
            let later = [1e-9; 3];
            let rows = [(0, first), (1, later)].into_iter().flat_map(|(step, values)| {
                let quantity = QuantityName::ACTIVATION_STANDARD_DEVIATION;
                let row = move |(layer, value): (usize, f64)| {
                    Row::new(step, quantity.clone(), format!("hidden.{layer}"), value)
                };
                values.into_iter().enumerate().map(row)
            });
            let rows: Vec<Row> = rows.collect();
            diagnose(&rows, &Thresholds::default()).len()
        };
        assert_eq!(found([1e-6, 1e-6, 1e-5]), 1);
        assert_eq!(found([0.8, 1e-6, 1e-9]), 0);
        assert_eq!(found([0.0; 3]), 0);
        assert_eq!(found([f64::NAN; 3]), 0);
    }
}
