//! Normalisation of pre-activations.

use serde::{Deserialize, Serialize};

/// Normalisation of pre-activations, before the activation function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalization {
    /// No normalisation.
    #[default]
    None,
    /// Over the batch, per unit (Ioffe & Szegedy 2015). Training needs at least 2 examples per
    /// batch.
    Batch,
    /// Over the units, per example (Ba, Kiros & Hinton 2016).
    Layer,
}
