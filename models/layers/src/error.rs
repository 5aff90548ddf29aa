//! What can be wrong with the configuration of a network, and with a batch for it.

use std::fmt::Display;
use std::ops::RangeInclusive;

/// A field that no network can be built from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field} = {value}` is not possible: {requirement}")]
pub struct InvalidField {
    /// Name of the field.
    pub field: &'static str,
    /// Its value, as written in a configuration.
    pub value: String,
    /// What the field must be.
    pub requirement: String,
}

/// Sizes that a layer may have: beyond them lies a typing error, not a network.
pub const SIZES: RangeInclusive<usize> = 1..=65_536;

impl InvalidField {
    /// Says that `field` cannot be `value`, because of `requirement`.
    pub fn new(field: &'static str, value: impl Display, requirement: impl Into<String>) -> Self {
        Self { field, value: value.to_string(), requirement: requirement.into() }
    }

    /// Checks that `value` lies in a range.
    ///
    /// # Errors
    ///
    /// Says which range, if it does not.
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

    /// Checks that all these are [`SIZES`] of layers.
    ///
    /// # Errors
    ///
    /// Names the first that is not.
    pub fn unless_sizes<const N: usize>(fields: [(&'static str, usize); N]) -> Result<(), Self> {
        fields.into_iter().try_for_each(|(field, value)| Self::unless_in(SIZES, field, value))
    }
}

/// A batch that leaves a batch normalisation one value per channel, whose variance is 0.
///
/// PyTorch refuses such a batch too. Trained on it, every value would be its own mean: outputs would not
/// depend on the layer's input and its gradient would be zero.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{layer}` normalises over the batch, and 1 example gives it one value per channel, whose variance \
     is 0: train on batches of at least 2 examples, or set `normalization` to `{instead}`"
)]
pub struct SingleValue {
    /// Path of the first such layer in the network.
    pub layer: String,
    /// A normalisation that works on single examples.
    pub instead: &'static str,
}
