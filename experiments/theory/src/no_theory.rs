//! Networks without a formula.

/// Why there is no theory of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoTheory {
    /// The gates multiply the gradient by a random matrix of their own.
    #[error(
        "No theory for highway layers: their gates multiply the gradient by random matrices of their own."
    )]
    Highway,
    /// Layer normalisation beside a skip.
    #[error(
        "No theory: there is no formula for layer normalisation with residual layers; drop one of them."
    )]
    LayerNormResidual,
    /// The weights are not random.
    #[error("No theory for weights that are not drawn at random with mean zero.")]
    NotRandom,
    /// The recurrent weights are zero.
    #[error("No theory is needed: without recurrent weights there is no path back in time.")]
    NoPathInTime,
    /// No formula covers this kind of network.
    #[error("No theory for this network.")]
    Unknown,
}
