//! One trial: a variant of an experiment with one seed.

use std::fmt;

use backdraft_trainer::{Listener, Outcome};
use burn::tensor::Device;
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

/// What a trial does on a device, reporting to a listener.
pub type Task = dyn Fn(&Device, &mut dyn Listener) -> anyhow::Result<Outcome> + Send + Sync;

/// A variant with one seed, ready to run.
pub struct Trial {
    /// The variant.
    pub factors: Factors,
    /// The seed.
    pub seed: u64,
    /// Relative cost, so that long trials start first and no core idles at the end.
    pub cost: u64,
    /// What to do.
    pub task: Box<Task>,
}

impl Trial {
    /// Returns the trial's name, unique within its run.
    pub fn name(&self) -> String {
        trial_name(&self.factors, self.seed)
    }
}

/// The name of a trial, fit for a file.
pub(crate) fn trial_name(factors: &Factors, seed: u64) -> String {
    format!("{factors}.seed-{seed}")
}
