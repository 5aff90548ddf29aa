//! What an experiment says of itself.

use std::fmt;

use backdraft_text::Named;
use backdraft_verdicts::Statement;
use serde::{Deserialize, Serialize};

/// How much effort an experiment makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// At most two minutes on two cores.
    #[default]
    Quick,
    /// Minutes, on real images an hour or two: more seeds, longer training.
    Standard,
    /// As in the source that the experiment reproduces.
    Paper,
}

impl Named for Preset {
    const KIND: &'static str = "preset";
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Quick, "quick", "At most two minutes on two cores"),
        (
            Self::Standard,
            "standard",
            "Minutes, on real images an hour or two: more seeds, longer training",
        ),
        (Self::Paper, "paper", "As in the source that the experiment reproduces"),
    ];
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an experiment says of itself before it measures anything.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct About {
    /// The name on the command line.
    pub name: &'static str,
    /// One line for lists.
    pub title: &'static str,
    /// What it asks, and why.
    pub question: &'static str,
    /// Where the claims come from.
    pub sources: &'static [&'static str],
    /// The claims that it judges.
    pub claims: &'static [Statement],
}
