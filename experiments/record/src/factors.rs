//! What distinguishes the variants of an experiment.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What distinguishes a variant: factors with their levels, such as `activation = sigmoid`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Factors(Vec<(String, String)>);

impl Factors {
    /// Creates factors; the order is kept for display.
    pub fn new<const N: usize>(factors: [(&str, String); N]) -> Self {
        Self(factors.map(|(name, level)| (name.to_owned(), level)).to_vec())
    }

    /// Iterates over factors and their levels.
    pub fn levels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, level)| (name.as_str(), level.as_str()))
    }

    /// Returns factors and levels for people: `network relu, depth 3`.
    pub fn in_words(&self) -> String {
        let words: Vec<String> =
            self.levels().map(|(factor, level)| format!("{factor} {level}")).collect();
        words.join(", ")
    }

    /// Returns the level of a factor.
    pub fn level(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(factor, _)| factor == name).map(|(_, level)| level.as_str())
    }
}

/// Reads `activation-sigmoid.depth-3`: fit for a file name.
impl fmt::Display for Factors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let factors: Vec<String> =
            self.0.iter().map(|(name, level)| format!("{name}-{level}")).collect();
        f.write_str(&factors.join("."))
    }
}

/// The name of a trial, fit for a file.
pub fn trial_name(factors: &Factors, seed: u64) -> String {
    format!("{factors}.seed-{seed}")
}
