//! Which subjects are measured, and which are grouped.

use serde::{Deserialize, Serialize};
use wildmatch::WildMatch;

/// Selects parameters and taps by pattern: `*` matches any characters, `?` one.
///
/// ```
/// use backdraft_hooks::Filter;
///
/// let filter = Filter::all().include("hidden.*").exclude("*.bias");
/// assert!(filter.accepts("hidden.0.linear.weight"));
/// assert!(!filter.accepts("hidden.0.linear.bias"));
/// assert!(!filter.accepts("head.weight"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Filter {
    include: Vec<WildMatch>,
    exclude: Vec<WildMatch>,
}

impl Filter {
    /// Accepts everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// Accepts only what matches this pattern or another included one.
    pub fn include(mut self, pattern: &str) -> Self {
        self.include.push(WildMatch::new(pattern));
        self
    }

    /// Rejects what matches this pattern, even if it is included.
    pub fn exclude(mut self, pattern: &str) -> Self {
        self.exclude.push(WildMatch::new(pattern));
        self
    }

    /// Tells whether a parameter's path or a tap's name is accepted.
    pub fn accepts(&self, subject: &str) -> bool {
        let fits = |patterns: &[WildMatch]| patterns.iter().any(|pattern| pattern.matches(subject));
        (self.include.is_empty() || fits(&self.include)) && !fits(&self.exclude)
    }
}

/// Which parameters are measured together, as if they were one tensor.
///
/// Groups are in depth order, by their first parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// Each on its own: `hidden.0.linear.weight`.
    #[default]
    Parameter,
    /// Those of one layer, weights and biases together: `hidden.0.linear`.
    Layer,
    /// Those that share this many leading parts of the path: with 2, `hidden.0`.
    Block(usize),
    /// Those with the same last part of the path: all `weight`, all `bias`.
    Kind,
}

impl Grouping {
    /// Returns the name of the group that a parameter belongs to.
    pub(crate) fn key<'a>(&self, path: &'a str) -> &'a str {
        match *self {
            Self::Parameter => path,
            Self::Layer => path.rsplit_once('.').map_or(path, |(layer, _)| layer),
            Self::Block(parts) => {
                let end = path.match_indices('.').nth(parts.saturating_sub(1));
                end.map_or(path, |(position, _)| &path[..position])
            }
            Self::Kind => path.rsplit_once('.').map_or(path, |(_, kind)| kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_named_by_the_part_of_the_path_that_they_share() {
        let path = "hidden.12.linear.weight";
        assert_eq!(Grouping::Parameter.key(path), path);
        assert_eq!(Grouping::Layer.key(path), "hidden.12.linear");
        assert_eq!(Grouping::Block(2).key(path), "hidden.12");
        assert_eq!(Grouping::Block(9).key(path), path);
        assert_eq!(Grouping::Kind.key(path), "weight");
        assert_eq!(Grouping::Layer.key("weight"), "weight");
    }

    #[test]
    fn an_empty_filter_accepts_and_exclusion_has_the_last_word() {
        assert!(Filter::all().accepts("anything"));
        assert!(!Filter::all().exclude("any*").accepts("anything"));
        assert!(!Filter::all().include("*").exclude("any*").accepts("anything"));
    }
}
