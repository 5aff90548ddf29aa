//! Settings of an experiment: defaults of a preset, overridden by a file and by `--set`.

use std::fmt::Display;
use std::ops::RangeInclusive;

use backdraft_text::{elided, nearest, shortened};
use backdraft_zoo::NetworkConfig;
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// The typed settings of one experiment.
pub trait Settings: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Tables with arbitrary keys, because another setting decides which keys they may have. Validation
    /// checks them.
    const OPEN: &'static [&'static str] = &[];

    /// Checks what the types of the values do not.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Range`] naming the key.
    fn validate(&self) -> Result<(), SettingsError>;
}

/// The configuration of a network is set in the same way.
impl Settings for NetworkConfig {
    fn validate(&self) -> Result<(), SettingsError> {
        Self::validate(self).map_err(|invalid| SettingsError::Range {
            key: invalid.field.to_owned(),
            value: invalid.value,
            requirement: invalid.requirement,
        })
    }
}

/// Most parts of a dotted key.
const MOST_PARTS: usize = 16;

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SettingsError {
    /// `--set` needs a key and a value.
    #[error("`--set {}` is not of the form key=value", shortened(argument))]
    Form {
        /// What was given.
        argument: String,
    },
    /// The key has more parts than any setting.
    #[error("{origin}: there is no setting `{key}…`: keys have at most {MOST_PARTS} parts")]
    Deep {
        /// `--set` or the file's path.
        origin: String,
        /// The start of the key.
        key: String,
    },
    /// The experiment has no such setting.
    #[error("{origin}: there is no setting `{}`; did you mean `{nearest}`?", shortened(key))]
    UnknownKey {
        /// `--set` or the file's path.
        origin: String,
        /// The dotted key.
        key: String,
        /// The most similar key.
        nearest: String,
    },
    /// The value does not fit the setting.
    #[error("{origin}: `{} = {}` does not fit: {reason}", shortened(key), shortened(value))]
    Value {
        /// `--set` or the file's path.
        origin: String,
        /// The dotted key.
        key: String,
        /// The value, in TOML.
        value: String,
        /// What was expected.
        reason: String,
    },
    /// The value has the right type but is out of range.
    #[error("`{} = {}` is not possible: {requirement}", shortened(key), shortened(value))]
    Range {
        /// The dotted key.
        key: String,
        /// The value.
        value: String,
        /// What it must be.
        requirement: String,
    },
}

/// Settings that override others, with their origin for error messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlay {
    /// `--set` or the file's path.
    pub origin: String,
    /// The settings.
    pub table: Table,
}

impl Overlay {
    /// Parses one `key=value` argument. The key may be dotted; the value is TOML or a bare word.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Form`] if `=` or the key is missing.
    pub fn parse(argument: &str) -> Result<Self, SettingsError> {
        let pair = argument.split_once('=').filter(|(key, _)| !key.trim().is_empty());
        let Some((key, text)) = pair else {
            return Err(SettingsError::Form { argument: argument.to_owned() });
        };
        // A line break could hide another key, which nobody would hear of.
        let parsed = format!("value = {text}").parse::<Table>().ok().filter(|it| it.len() == 1);
        let value = parsed.and_then(|mut table| table.remove("value"));
        let value = value.unwrap_or_else(|| Value::String(text.trim().to_owned()));
        Self::new("--set", key.trim(), value)
    }

    /// Sets one key, which may be dotted.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Deep`] if the key has more parts than any setting. Walking very deep tables would
    /// overflow the stack.
    pub fn new(origin: &str, key: &str, mut value: Value) -> Result<Self, SettingsError> {
        let mut parts = key.rsplit('.');
        if parts.clone().count() > MOST_PARTS {
            let key: String = key.chars().take(40).collect();
            return Err(SettingsError::Deep { origin: origin.to_owned(), key });
        }
        let first = parts.next_back().unwrap_or_default();
        for part in parts {
            value = Value::Table(Table::from_iter([(part.to_owned(), value)]));
        }
        let table = Table::from_iter([(first.to_owned(), value)]);
        Ok(Self { origin: origin.to_owned(), table })
    }
}

/// Applies `overlays` to `defaults`, in order, and validates the result.
///
/// # Errors
///
/// [`SettingsError`] naming the key, its origin and what is wrong.
pub fn resolve<S: Settings>(defaults: &S, overlays: &[Overlay]) -> Result<S, SettingsError> {
    let mut table = to_table(defaults)?;
    for overlay in overlays {
        for (key, value) in &overlay.table {
            if S::OPEN.contains(&key.as_str()) {
                merge(&mut table, key, value);
            } else {
                apply(&mut table, key, value, key, &overlay.origin)?;
            }
            // One at a time, so that the error can name the setting.
            if let Err(error) = table.clone().try_into::<S>() {
                return Err(SettingsError::Value {
                    origin: overlay.origin.clone(),
                    key: key.clone(),
                    value: value.to_string(),
                    reason: elided(&error.message().trim().replace('\n', " ")),
                });
            }
        }
    }
    let settings: S = table.try_into().map_err(|error| internal(&error))?;
    settings.validate()?;
    Ok(settings)
}

/// Returns the line of a byte offset in a text, counted from 1.
pub fn line_at(text: &str, place: usize) -> usize {
    text.bytes().take(place).filter(|byte| *byte == b'\n').count() + 1
}

/// Checks that a setting meets a requirement.
///
/// # Errors
///
/// [`SettingsError::Range`] naming the key.
pub fn require(
    is_met: bool,
    key: &str,
    value: impl Display,
    requirement: impl Display,
) -> Result<(), SettingsError> {
    if is_met {
        return Ok(());
    }
    let [value, requirement] = [value.to_string(), requirement.to_string()];
    Err(SettingsError::Range { key: key.to_owned(), value, requirement })
}

/// Checks that a setting lies in a range.
///
/// # Errors
///
/// [`SettingsError::Range`] naming the key.
pub fn in_range<T: PartialOrd + Display>(
    key: &str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), SettingsError> {
    let requirement = format!("it must be from {} to {}", range.start(), range.end());
    require(range.contains(&value), key, value, requirement)
}

/// Checks that a setting is a positive number.
///
/// # Errors
///
/// [`SettingsError::Range`] naming the key.
pub fn positive(key: &str, value: f64) -> Result<(), SettingsError> {
    require(value.is_finite() && value > 0.0, key, value, "it must be positive")
}

/// Converts settings to a table, the form in run records.
///
/// # Errors
///
/// [`SettingsError::Value`] if TOML cannot express a setting.
pub fn to_table<S: Serialize>(settings: &S) -> Result<Table, SettingsError> {
    Table::try_from(settings).map_err(|error| internal(&error))
}

fn internal(error: &dyn std::error::Error) -> SettingsError {
    SettingsError::Value {
        origin: "defaults".to_owned(),
        key: "settings".to_owned(),
        value: String::new(),
        reason: error.to_string(),
    }
}

/// Merges tables, which may get new keys, and replaces anything else. A table that names another variant is
/// replaced, too, because its keys differ.
fn merge(table: &mut Table, key: &str, value: &Value) {
    let is_same_variant = |inner: &Table, changes: &Table| {
        changes.get("name").is_none_or(|name| inner.get("name") == Some(name))
    };
    match (table.get_mut(key), value) {
        (Some(Value::Table(inner)), Value::Table(changes)) if is_same_variant(inner, changes) => {
            changes.iter().for_each(|(key, value)| merge(inner, key, value));
        }
        _ => {
            table.insert(key.to_owned(), value.clone());
        }
    }
}

/// Merges tables and replaces anything else.
fn apply(
    table: &mut Table,
    key: &str,
    value: &Value,
    path: &str,
    origin: &str,
) -> Result<(), SettingsError> {
    let Some(current) = table.get_mut(key) else {
        let known = nearest(key, table.keys().map(String::as_str)).unwrap_or_default();
        let parent = path.rsplit_once('.').map(|(parent, _)| format!("{parent}."));
        return Err(SettingsError::UnknownKey {
            origin: origin.to_owned(),
            key: path.to_owned(),
            nearest: parent.unwrap_or_default() + known,
        });
    };
    match (current, value) {
        (Value::Table(inner), Value::Table(changes)) => {
            changes.iter().try_for_each(|(key, value)| {
                apply(inner, key, value, &format!("{path}.{key}"), origin)
            })
        }
        (current, value) => {
            *current = value.clone();
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Toy {
        depths: Vec<usize>,
        rate: f64,
        inner: Inner,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        name: String,
    }

    impl Settings for Toy {
        fn validate(&self) -> Result<(), SettingsError> {
            Ok(())
        }
    }

    fn resolve_toy(arguments: &[&str]) -> Result<Toy, SettingsError> {
        let toy = Toy { depths: vec![3], rate: 0.1, inner: Inner { name: "adam".into() } };
        let overlays: Result<Vec<_>, _> = arguments.iter().map(|a| Overlay::parse(a)).collect();
        resolve(&toy, &overlays?)
    }

    #[test]
    fn values_are_toml_or_bare_words_and_keys_may_be_dotted() {
        let toy = resolve_toy(&["depths=[1, 2]", "rate=1", "inner.name=sgd"]).unwrap();
        assert_eq!(toy, Toy { depths: vec![1, 2], rate: 1.0, inner: Inner { name: "sgd".into() } });
    }

    #[test]
    fn unknown_keys_are_answered_with_the_nearest() {
        let error = resolve_toy(&["depth=3"]).unwrap_err().to_string();
        assert_eq!(error, "--set: there is no setting `depth`; did you mean `depths`?");
        let error = resolve_toy(&["inner.nmae=x"]).unwrap_err().to_string();
        assert!(error.contains("`inner.nmae`; did you mean `inner.name`"), "{error}");
    }

    #[test]
    fn values_that_do_not_fit_are_refused_with_their_key() {
        let error = resolve_toy(&["rate=fast"]).unwrap_err().to_string();
        assert!(error.starts_with("--set: `rate = \"fast\"` does not fit"), "{error}");
        assert!(matches!(resolve_toy(&["rate"]), Err(SettingsError::Form { .. })));
        assert!(matches!(resolve_toy(&["=3"]), Err(SettingsError::Form { .. })));
        let two = resolve_toy(&["rate=1\nextra=2"]).unwrap_err().to_string();
        assert!(two.contains("does not fit") && two.contains("extra"), "nothing is dropped: {two}");
        let deep = format!("{}=1", ["a"; 10_000].join("."));
        assert!(matches!(resolve_toy(&[&deep]), Err(SettingsError::Deep { .. })));
    }
}
