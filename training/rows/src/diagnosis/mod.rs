//! Rules that find what is wrong with a network from its rows.

mod case;
mod clipping;
mod consequences;
mod context;
mod dead;
mod depth;
mod drift;
mod faint;
mod finding;
mod missing;
mod not_finite;
mod not_learning;
mod origin;
pub(crate) mod robust;
mod saturated;
mod spike;
mod symmetric;
mod thresholds;
mod time;
mod trend;
mod trouble;
mod underflow;
mod unstable;
mod zero;

pub use case::Case;
pub use context::{ActivationKind, CellKind, Context, LossKind, OptimizerKind};
pub use finding::{Confidence, Finding};
pub use origin::{Origin, not_finite_origin};
pub use thresholds::Thresholds;

use crate::history::History;
use crate::row::Row;

/// A rule that looks for one kind of trouble.
pub trait Rule: Sync {
    /// Returns the name that findings carry.
    fn name(&self) -> &'static str;

    /// Says what the rule looks for, which quantities it needs, and where its thresholds come from.
    fn about(&self) -> &'static str;

    /// Returns the findings; none if the quantities that the rule needs were not measured.
    fn examine(&self, case: &Case<'_>) -> Vec<Finding>;
}

/// All rules, those on the most fundamental troubles first.
pub const RULES: &[&dyn Rule] = &[
    &not_finite::NotFinite,
    &missing::MissingGradient,
    &symmetric::Symmetric,
    &unstable::Unstable,
    &zero::ZeroGradient,
    &depth::Vanishing,
    &depth::Exploding,
    &underflow::Underflow,
    &saturated::Saturated,
    &dead::Dead,
    &not_learning::NotLearning,
    &clipping::AlwaysClipped,
    &spike::Spike,
    &drift::Drift,
    &faint::Faint,
];

/// Applies every rule to rows.
///
/// ```
/// use backdraft_rows::{QuantityName, Row, Thresholds, diagnose};
///
/// // Each layer passes back a quarter of what it receives.
/// let rows = (0..12).map(|layer| {
///     let norm = 0.25f64.powi(11 - layer);
///     Row::new(0, QuantityName::ACTIVATION_GRADIENT_NORM, format!("hidden.{layer}"), norm)
/// });
/// let rows: Vec<Row> = rows.collect();
/// let findings = diagnose(&rows, &Thresholds::default());
/// assert_eq!(findings[0].rule, "vanishing");
/// assert_eq!(findings[0].subject, "hidden.0");
/// ```
pub fn diagnose<'a>(
    rows: impl IntoIterator<Item = &'a Row>,
    thresholds: &Thresholds,
) -> Vec<Finding> {
    diagnose_in(rows, thresholds, &Context::default())
}

/// Applies every rule to rows of a training of which more is known, so that no remedy is one that it
/// already has. The cost is linear in the number of rows.
pub fn diagnose_in<'a>(
    rows: impl IntoIterator<Item = &'a Row>,
    thresholds: &Thresholds,
    context: &Context,
) -> Vec<Finding> {
    let history = History::new(rows);
    let case = Case::new(&history, thresholds, context);
    let findings = RULES.iter().flat_map(|rule| rule.examine(&case)).collect();
    consequences::without(findings)
}
