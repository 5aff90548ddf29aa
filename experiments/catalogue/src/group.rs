//! The groups of experiments.

use std::fmt;

use serde::Serialize;

/// What an experiment is about, in the list of experiments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Group {
    /// How signal and gradient pass through layers.
    SignalPropagation,
    /// Activation functions.
    Activations,
    /// Initialisers.
    Initialisation,
    /// Batch and layer normalisation.
    Normalisation,
    /// Skips.
    Skips,
    /// Networks over time.
    Recurrence,
    /// Transformers.
    Attention,
    /// Optimisers and clipping.
    Optimisers,
    /// Formats of numbers.
    Precision,
    /// Any network of the zoo on any data.
    AnyNetwork,
    /// Added by a laboratory of one's own.
    Own,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignalPropagation => "signal propagation",
            Self::Activations => "activations",
            Self::Initialisation => "initialisation",
            Self::Normalisation => "normalisation",
            Self::Skips => "skips",
            Self::Recurrence => "recurrence",
            Self::Attention => "attention",
            Self::Optimisers => "optimisers",
            Self::Precision => "precision",
            Self::AnyNetwork => "any network",
            Self::Own => "of this laboratory",
        })
    }
}
