//! What an experiment claims.

use serde::Serialize;

/// A statement to be judged, with the rule that judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// Short name, unique within the experiment.
    pub id: &'static str,
    /// What is claimed.
    pub statement: &'static str,
    /// When it counts as supported and when as refuted, written before the measurement.
    pub rule: &'static str,
}
