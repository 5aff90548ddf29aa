//! What a rule looks at.

use std::collections::HashMap;

use super::{Context, Thresholds};
use crate::history::History;
use crate::position::Position;
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// What a rule looks at: the rows, the thresholds, and what else is known of the training.
pub struct Case<'a> {
    /// The rows.
    pub history: &'a History<'a>,
    /// The bounds beyond which there is trouble.
    pub thresholds: &'a Thresholds,
    /// What is known beside the rows.
    pub context: &'a Context,
    /// The steps whose batch was empty.
    empty_batches: Vec<u64>,
    /// The items of lists with a factor that starts at zero.
    gated: Vec<&'a str>,
    /// The first step with an update ratio.
    first_update: Option<u64>,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        history: &'a History<'a>,
        thresholds: &'a Thresholds,
        context: &'a Context,
    ) -> Self {
        let first = |subject: &Subject| {
            history.course(&QuantityName::UPDATE_RATIO, subject).first().map(|(step, _)| *step)
        };
        let first_update = history.subjects(&QuantityName::UPDATE_RATIO).filter_map(first).min();
        let empty_batches = empty_batches(history);
        Self { history, thresholds, context, empty_batches, gated: gated(history), first_update }
    }

    pub(super) fn course(&self, quantity: &QuantityName, subject: &Subject) -> &'a [(u64, f64)] {
        self.history.course(quantity, subject)
    }

    pub(super) fn subjects(
        &self,
        quantity: &QuantityName,
    ) -> impl Iterator<Item = &'a Subject> + use<'a> {
        self.history.subjects(quantity)
    }

    /// Tells whether a step's batch was empty: every activation and every gradient is zero or, as a mean
    /// over no examples, NaN.
    pub(super) fn is_empty_batch(&self, step: u64) -> bool {
        self.empty_batches.binary_search(&step).is_ok()
    }

    /// Tells whether a parameter lies in a block with a factor that starts at zero, as those of ReZero and
    /// SkipInit do. Its gradient is proportional to that factor, however small.
    pub(super) fn is_gated(&self, subject: &Subject) -> bool {
        let rest = |block: &&str| subject.path().strip_prefix(*block);
        self.gated.iter().filter_map(rest).any(|rest| rest.starts_with('.'))
    }

    /// Tells whether a parameter was exactly zero when first observed, as biases, the β of a
    /// normalisation and the last layers of some residual branches are by design.
    pub(super) fn starts_at_zero(&self, subject: &Subject) -> bool {
        let norms = self.course(&QuantityName::WEIGHT_NORM, subject);
        if let Some((_, norm)) = norms.first() {
            return *norm == 0.0;
        }
        // A parameter of zero has no update ratio, its only sign where norms are not measured.
        let first = self.course(&QuantityName::UPDATE_RATIO, subject).first();
        first.map(|(step, _)| *step) > self.first_update
    }
}

/// Returns the items of lists of which a parameter, other than an offset, starts at zero.
fn gated<'a>(history: &'a History<'a>) -> Vec<&'a str> {
    let item = |subject: &'a Subject| {
        let starts_at = history.course(&QuantityName::WEIGHT_NORM, subject).first()?.1;
        let Position { index, part, .. } = Position::of(subject.path());
        let is_gate = starts_at == 0.0 && !subject.is_offset() && index.is_some();
        is_gate.then(|| &subject.path()[..subject.path().len() - part.len()])
    };
    history.subjects(&QuantityName::WEIGHT_NORM).filter_map(item).collect()
}

fn empty_batches(history: &History<'_>) -> Vec<u64> {
    let mut steps: HashMap<u64, bool> = HashMap::new();
    let is_nothing = |value: f64| value == 0.0 || value.is_nan();
    for subject in history.subjects(&QuantityName::ACTIVATION_NORM) {
        for (step, norm) in history.course(&QuantityName::ACTIVATION_NORM, subject) {
            *steps.entry(*step).or_insert(true) &= *norm == 0.0;
        }
    }
    for subject in history.subjects(&QuantityName::GRADIENT_NORM) {
        for (step, norm) in history.course(&QuantityName::GRADIENT_NORM, subject) {
            if let Some(is_empty) = steps.get_mut(step) {
                *is_empty &= is_nothing(*norm);
            }
        }
    }
    let mut empty: Vec<u64> =
        steps.into_iter().filter_map(|(step, is_empty)| is_empty.then_some(step)).collect();
    empty.sort_unstable();
    empty
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::{Thresholds, diagnose};
    use crate::quantity_name::QuantityName;
    use crate::row::Row;

    /// Ten blocks whose gradients differ a million-fold, with factors that start at some value.
    fn found(first_factor: f64) -> Vec<&'static str> {
        let mut rows = Vec::new();
        for step in 0..6 {
            for block in 0..10 {
                let row = |quantity, part: &str, value| {
                    Row::new(step, quantity, format!("hidden.{block}.{part}"), value)
                };
                let factor = if step == 0 { first_factor } else { 0.01 };
                let gradient = if block == 0 { 1.0 } else { 1e-6 };
                rows.push(row(QuantityName::WEIGHT_NORM, "skip", factor));
                rows.push(row(QuantityName::UPDATE_RATIO, "skip", 0.5));
                rows.push(row(QuantityName::GRADIENT_NORM, "linear.weight", gradient));
                rows.push(row(QuantityName::UPDATE_RATIO, "linear.weight", gradient / 10.0));
            }
        }
        let mut rules: Vec<_> =
            diagnose(&rows, &Thresholds::default()).iter().map(|finding| finding.rule).collect();
        rules.dedup();
        rules
    }

    #[test]
    fn blocks_whose_factor_starts_at_zero_are_not_judged_by_what_is_proportional_to_it() {
        assert_eq!(found(0.0), [""; 0]);
        assert_eq!(found(1.0), ["unstable", "exploding", "not-learning"]);
    }
}
