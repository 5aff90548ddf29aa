//! The description of a sweep, and the settings that it stands for.

use backdraft_record::Preset;
use serde::Deserialize;
use toml::{Table, Value};

use super::draw::{Draw, Random};
use crate::settings::{Overlay, SettingsError, line_at};

/// Most runs that a sweep may have: a slip of the pen in a grid must not fill a disk.
const MOST_RUNS: usize = 100_000;

/// A sweep: one experiment under many settings.
///
/// `set` holds for all runs; there is one run for every combination of an entry of `list`, the levels
/// of `grid`, and a sample of `random`. Keys are dotted or nested, as in a `--config` file.
///
/// ```toml
/// experiment = "sigmoid-vs-relu"
/// seeds = 5
///
/// [set]
/// depths = [3]
/// flow_depth = 3
///
/// [grid]
/// adam_rate = [1e-3, 1e-2]
///
/// [[list]]
/// steps = 100
///
/// [random]
/// samples = 10
///
/// [random.draw]
/// sgd_rate = { log_uniform = [1e-3, 1.0] }
/// width = { integer = [16, 128] }
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepSpec {
    /// Name of the experiment.
    pub experiment: String,
    /// The preset that settings start from.
    #[serde(default)]
    pub preset: Preset,
    /// The back end; the default one if absent.
    pub backend: Option<String>,
    /// Number of seeds of each run.
    pub seeds: Option<u64>,
    #[serde(default)]
    set: Table,
    #[serde(default)]
    grid: Table,
    #[serde(default)]
    list: Vec<Table>,
    random: Option<Random>,
}

/// What distinguishes a run of a sweep: dotted keys with their values.
pub type Changes = Vec<(String, Value)>;

/// What is wrong with the description of a sweep.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// It is not TOML, or not of this form.
    #[error("line {line}: {reason}")]
    Form {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A key of the grid has no list of levels.
    #[error("grid: `{key}` needs a list of at least one value, as in `{key} = [1, 2]`")]
    Levels {
        /// The dotted key.
        key: String,
    },
    /// A key cannot be drawn.
    #[error("random.draw: `{key}` {reason}")]
    Draw {
        /// The dotted key.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// There are too many combinations.
    #[error("the sweep has more than {MOST_RUNS} runs; make the grid smaller")]
    TooMany,
}

impl SweepSpec {
    /// Reads a description.
    ///
    /// # Errors
    ///
    /// [`SpecError::Form`] with the line.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        toml::from_str(text).map_err(|error| SpecError::Form {
            line: error.span().map_or(1, |span| line_at(text, span.start)),
            reason: error.message().replace('\n', " "),
        })
    }

    /// Returns what distinguishes each run, in the order in which they are run.
    ///
    /// # Errors
    ///
    /// [`SpecError`] naming the key that has no values, or if there are too many runs.
    pub fn runs(&self) -> Result<Vec<Changes>, SpecError> {
        let mut factors = vec![match self.list.as_slice() {
            [] => vec![Changes::new()],
            entries => entries.iter().map(leaves).collect(),
        }];
        for (key, levels) in leaves(&self.grid) {
            let levels = levels.as_array().filter(|levels| !levels.is_empty());
            let levels = levels.ok_or_else(|| SpecError::Levels { key: key.clone() })?;
            factors.push(levels.iter().map(|level| vec![(key.clone(), level.clone())]).collect());
        }
        if let Some(random) = &self.random {
            factors.push(random.samples(MOST_RUNS)?);
        }
        let mut runs = vec![Changes::new()];
        for levels in factors {
            if runs.len().saturating_mul(levels.len()) > MOST_RUNS {
                return Err(SpecError::TooMany);
            }
            let with = |run: &Changes| -> Vec<Changes> {
                levels.iter().map(|level| [run.as_slice(), level].concat()).collect()
            };
            runs = runs.iter().flat_map(with).collect();
        }
        Ok(runs)
    }

    /// Returns the overlays of a run: `set`, then its changes, then the seeds.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Deep`] naming the key.
    pub fn overlays(&self, origin: &str, changes: &Changes) -> Result<Vec<Overlay>, SettingsError> {
        let common = Overlay { origin: origin.to_owned(), table: self.set.clone() };
        let own = changes.iter().map(|(key, value)| Overlay::new(origin, key, value.clone()));
        let seeds = self.seeds.and_then(|seeds| i64::try_from(seeds).ok());
        let seeds = seeds.map(|seeds| Overlay::new(origin, "seeds", Value::Integer(seeds)));
        [Ok(common)].into_iter().chain(own).chain(seeds).collect()
    }
}

/// The values of a table with dotted keys. A table that says what to draw is a value.
pub(super) fn leaves(table: &Table) -> Changes {
    let mut found = Changes::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) if Draw::read(value).is_none() => {
                found.extend(leaves(inner).into_iter().map(|(k, v)| (format!("{key}.{k}"), v)));
            }
            value => found.push((key.clone(), value.clone())),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(text: &str) -> Result<Vec<String>, SpecError> {
        let runs = SweepSpec::parse(&format!("experiment = \"e\"\n{text}"))?.runs()?;
        let words = |run: &Changes| -> Vec<String> {
            run.iter().map(|(key, value)| format!("{key}={value}")).collect()
        };
        Ok(runs.iter().map(|run| words(run).join(" ")).collect())
    }

    #[test]
    fn a_grid_has_every_combination_and_nested_keys_are_dotted() {
        let grid = "[grid]\na = [1, 2]\nnet.depth = [3, 4]\nshape = [[1], [2, 3]]";
        let runs = runs(grid).unwrap();
        assert_eq!(runs.len(), 8);
        assert_eq!(runs[0], "a=1 net.depth=3 shape=[1]");
        assert_eq!(runs[7], "a=2 net.depth=4 shape=[2, 3]");
    }

    #[test]
    fn list_grid_and_random_multiply_and_draws_repeat() {
        let text = "[[list]]\na = 1\nb = 2\n[[list]]\na = 2\n[grid]\nc = [true, false]\n\
                    [random]\nsamples = 3\n[random.draw]\nr = { log_uniform = [1e-3, 1] }\n\
                    n = { integer = [2, 5] }\nw = { choice = [\"x\", \"y\"] }";
        let first = runs(text).unwrap();
        assert_eq!(first.len(), 2 * 2 * 3);
        assert_eq!(first, runs(text).unwrap());
        assert!(first[0].starts_with("a=1 b=2 c=true n="), "{}", first[0]);
        assert_ne!(first, runs(&text.replace("samples = 3", "samples = 3\nseed = 1")).unwrap());
        assert_eq!(runs("").unwrap(), [""], "a sweep without changes is one run");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let error = |text: &str| runs(text).unwrap_err().to_string();
        assert!(error("[grid]\na = 3").contains("`a` needs a list"));
        assert!(error("[grid]\na.b = []").contains("`a.b` needs a list"));
        assert!(error("grids = 1").contains("line 2: unknown field `grids`"));
        assert!(error("seeds = -1").contains("line 2"));
        let draw = |text: &str| error(&format!("[random]\nsamples = 2\n[random.draw]\n{text}"));
        assert!(draw("a = 3").contains("`a`"), "{}", draw("a = 3"));
        assert!(draw("a = { uniform = [2, 1] }").contains("`a`"));
        assert!(draw("a = { log_uniform = [0, 1] }").contains("positive"));
        assert!(draw("a = { choice = [] }").contains("`a`"));
        let wide = format!("[grid]\na = {0:?}\nb = {0:?}", (0..400).collect::<Vec<_>>());
        assert_eq!(error(&wide), SpecError::TooMany.to_string());
        let many = "[random]\nsamples = 1000000000000\n[random.draw]\na = { uniform = [0, 1] }";
        assert_eq!(error(many), SpecError::TooMany.to_string());
    }
}
