//! What can be wrong with the configuration of a network.

/// A field that no network can be built from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field} = {value}` is not possible: {requirement}")]
pub struct InvalidField {
    /// Name of the field.
    pub field: &'static str,
    /// Its value, as written in a configuration.
    pub value: String,
    /// What the field must be.
    pub requirement: &'static str,
}
