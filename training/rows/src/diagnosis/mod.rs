//! Rules that find what is wrong with a network from its rows.

mod clipping;
mod dead;
mod depth;
mod finding;
mod missing;
mod not_finite;
mod saturated;
mod thresholds;
mod underflow;
mod update;

pub use finding::{Confidence, Finding};
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
    fn examine(&self, history: &History<'_>, thresholds: &Thresholds) -> Vec<Finding>;
}

/// All rules, those on the most fundamental troubles first.
pub const RULES: &[&dyn Rule] = &[
    &not_finite::NotFinite,
    &missing::MissingGradient,
    &depth::Vanishing,
    &depth::Exploding,
    &underflow::Underflow,
    &saturated::Saturated,
    &dead::Dead,
    &update::NotLearning,
    &update::Unstable,
    &clipping::AlwaysClipped,
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
    let history = History::new(rows);
    RULES.iter().flat_map(|rule| rule.examine(&history, thresholds)).collect()
}
