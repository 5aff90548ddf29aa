//! Chains: what follows each other, over depth or over time.

use serde::Serialize;

/// What the places of a chain are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// Layers, from the input to the output.
    Depth,
    /// Time steps, from the first to the last.
    Time,
}

/// Subjects that follow each other and differ in their place alone: the layers of a list, or the time
/// steps of a layer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chain {
    /// What the places are.
    pub axis: Axis,
    /// What the subjects have in common: `hidden.*.linear.weight` is a chain of layers, `layers.0` one
    /// of time steps.
    pub name: String,
}

impl Chain {
    /// Returns the chain of the time steps of a tap.
    pub(crate) fn over_time(path: &str) -> Self {
        Self { axis: Axis::Time, name: path.to_owned() }
    }

    /// Returns the chain of a path that holds numbers.
    pub(crate) fn over_depth(path: &str) -> Option<Self> {
        let is_place = |part: &str| part.parse::<u64>().is_ok();
        let parts = path.split('.').map(|part| if is_place(part) { "*" } else { part });
        let name = parts.collect::<Vec<_>>().join(".");
        (name != path).then_some(Self { axis: Axis::Depth, name })
    }
}
