//! Findings of the rules.

use std::fmt;

use serde::Serialize;

use crate::subject::Subject;

/// How certain a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Seen at fewer than half of the observed steps.
    Possible,
    /// Seen at half of them or more.
    Likely,
    /// Seen at all of them, of which there were at least three, or true by definition.
    Certain,
}

impl Confidence {
    /// Derives the confidence from the share of observations that show the trouble.
    pub(crate) fn of(seen: usize, observed: usize) -> Self {
        match (seen, observed) {
            (seen, observed) if seen == observed && observed > 2 => Self::Certain,
            (seen, observed) if 2 * seen >= observed => Self::Likely,
            _ => Self::Possible,
        }
    }
}

/// A trouble: where it is, the evidence and the remedy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Name of the rule.
    pub rule: &'static str,
    /// The layer, parameter or tap, or the whole network.
    pub subject: Subject,
    /// The first observed step with the trouble.
    pub since: u64,
    /// What was measured, as a sentence.
    pub evidence: String,
    /// How certain it is.
    pub confidence: Confidence,
    /// What to do.
    pub remedy: &'static str,
    /// The experiment of Backdraft that demonstrates the trouble, if there is one.
    pub experiment: Option<&'static str>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, subject, since, evidence, remedy, .. } = self;
        write!(f, "{rule} in {subject} since step {since}: {evidence}. {remedy}.")?;
        match self.experiment {
            Some(experiment) => write!(f, " See `backdraft run {experiment}`."),
            None => Ok(()),
        }
    }
}
