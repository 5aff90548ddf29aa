//! What an experiment concludes about a statement.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::statement::Statement;
use crate::statistics::holm;

/// The conclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// The data support the statement by its rule.
    Supported,
    /// The data contradict the statement by its rule.
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

/// A statement with its conclusion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The statement's short name.
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
    /// The least level at which the rule's test would still give this ruling; `None` if the statement was
    /// left open, or if its rule is no test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// The same after Holm's correction over all verdicts of a suite; `None` outside of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusted_p_value: Option<f64>,
}

/// Adjusts the p-values of all verdicts of a suite by Holm's correction, so that the chance of a
/// single wrong ruling among those that survive 5 % is at most 5 %.
///
/// A statement that was left open was tested too, and counts in their number; a rule that is no test,
/// because chance has no part in it, does not.
pub fn correct_suite<'a>(verdicts: impl Iterator<Item = &'a mut Verdict>) {
    let is_tested = |v: &&mut Verdict| v.p_value.is_some() || v.ruling == Ruling::Inconclusive;
    let mut tested: Vec<&mut Verdict> = verdicts.filter(is_tested).collect();
    let p_values: Vec<f64> = tested.iter().map(|verdict| verdict.p_value.unwrap_or(1.0)).collect();
    for (verdict, adjusted) in tested.iter_mut().zip(holm(&p_values)) {
        verdict.adjusted_p_value = verdict.p_value.map(|_| adjusted);
    }
}

impl Verdict {
    /// Creates the verdict on a statement.
    pub fn new(
        statement: &Statement,
        ruling: Ruling,
        effect: Option<Effect>,
        seeds: usize,
        evidence: String,
    ) -> Self {
        Self {
            claim: statement.id.to_owned(),
            statement: statement.statement.to_owned(),
            rule: statement.rule.to_owned(),
            ruling,
            effect,
            seeds,
            evidence,
            p_value: None,
            adjusted_p_value: None,
        }
    }

    /// Adds the p-value of the test behind the ruling; a statement that was left open keeps none.
    pub fn with_p_value(self, p_value: Option<f64>) -> Self {
        let is_decided = self.ruling != Ruling::Inconclusive;
        Self { p_value: p_value.filter(|_| is_decided), ..self }
    }

    /// Tells whether the ruling loses its significance among the other verdicts of its suite.
    pub fn falls_to_correction(&self) -> bool {
        self.adjusted_p_value.is_some_and(|p| p >= 0.05)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_statements_count_in_the_suite_and_exact_ones_do_not() {
        let statement = Statement { id: "c", statement: "s", rule: "r" };
        let verdict =
            |ruling, p| Verdict::new(&statement, ruling, None, 5, "".into()).with_p_value(p);
        let mut suite = [
            verdict(Ruling::Supported, Some(0.001)),
            verdict(Ruling::Refuted, Some(0.03)),
            verdict(Ruling::Inconclusive, Some(0.4)),
            verdict(Ruling::Supported, None),
        ];
        correct_suite(suite.iter_mut());
        let adjusted = suite.clone().map(|verdict| verdict.adjusted_p_value);
        assert_eq!(adjusted, [Some(0.003), Some(0.06), None, None]);
        let falls = suite.map(|verdict| verdict.falls_to_correction());
        assert_eq!(falls, [false, true, false, false]);
    }
}
