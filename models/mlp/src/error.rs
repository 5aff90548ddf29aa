//! What can be wrong with a configuration.

/// A field of an [`MlpConfig`](crate::MlpConfig) that no network can be built from.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{field} = {value}` is not possible: {requirement}")]
pub struct MlpError {
    /// Name of the field.
    pub field: &'static str,
    /// Its value, as written in a configuration.
    pub value: String,
    /// What the field must be.
    pub requirement: &'static str,
}
