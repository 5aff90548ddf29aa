//! Errors in the configuration of a network.

use std::fmt::Display;
use std::ops::RangeInclusive;

/// A configuration field with a value that no network can be built from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field} = {value}` is not possible: {requirement}")]
#[non_exhaustive]
pub struct InvalidField {
    /// Name of the field.
    pub field: &'static str,
    /// Its value, as written in a configuration.
    pub value: String,
    /// What the field must be.
    pub requirement: String,
}

/// Sizes that a layer may have. Larger ones are taken for typing errors.
pub const SIZES: RangeInclusive<usize> = 1..=65_536;

impl InvalidField {
    /// Creates the error: `field` cannot be `value` because of `requirement`.
    pub fn new(field: &'static str, value: impl Display, requirement: impl Into<String>) -> Self {
        Self { field, value: value.to_string(), requirement: requirement.into() }
    }

    /// Checks that `value` lies in `range`.
    ///
    /// # Errors
    ///
    /// Names the range if it does not.
    pub fn unless_in(
        range: RangeInclusive<usize>,
        field: &'static str,
        value: usize,
    ) -> Result<(), Self> {
        if range.contains(&value) {
            return Ok(());
        }
        let requirement = format!("it must be from {} to {}", range.start(), range.end());
        Err(Self::new(field, value, requirement))
    }

    /// Checks that all fields are valid [`SIZES`].
    ///
    /// # Errors
    ///
    /// Names the first field that is not.
    pub fn unless_sizes<const N: usize>(fields: [(&'static str, usize); N]) -> Result<(), Self> {
        fields.into_iter().try_for_each(|(field, value)| Self::unless_in(SIZES, field, value))
    }
}
