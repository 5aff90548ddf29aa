//! What an experiment concludes about a claim.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::experiment::Claim;

/// The conclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// The data support the claim by its rule.
    Supported,
    /// The data contradict the claim by its rule.
    Refuted,
    /// The data do neither; more seeds may help.
    Inconclusive,
}

impl fmt::Display for Ruling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Supported => "supported",
            Self::Refuted => "refuted",
            Self::Inconclusive => "inconclusive",
        })
    }
}

impl Ruling {
    /// Rules from what is shown for and against; neither is inconclusive.
    pub fn of(is_supported: bool, is_refuted: bool) -> Self {
        match (is_supported, is_refuted) {
            (true, false) => Self::Supported,
            (false, true) => Self::Refuted,
            _ => Self::Inconclusive,
        }
    }
}

/// The size of what was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// What the number is, with its unit.
    pub name: String,
    /// The estimate.
    pub estimate: f64,
    /// The interval over seeds at 95 %, if there are seeds enough.
    pub interval: Option<(f64, f64)>,
}

/// A claim with its conclusion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The claim's short name.
    pub claim: String,
    /// What was claimed.
    pub statement: String,
    /// The rule, as fixed beforehand.
    pub rule: String,
    /// The conclusion.
    pub ruling: Ruling,
    /// The size of the effect; `None` if nothing could be measured.
    pub effect: Option<Effect>,
    /// Number of seeds that it rests on.
    pub seeds: usize,
    /// What was seen, in one sentence with numbers.
    pub evidence: String,
}

impl Verdict {
    /// Creates the verdict on `claim`.
    pub fn new(
        claim: &Claim,
        ruling: Ruling,
        effect: Option<Effect>,
        seeds: usize,
        evidence: String,
    ) -> Self {
        Self {
            claim: claim.id.to_owned(),
            statement: claim.statement.to_owned(),
            rule: claim.rule.to_owned(),
            ruling,
            effect,
            seeds,
            evidence,
        }
    }
}
