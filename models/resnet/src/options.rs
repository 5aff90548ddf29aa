//! What distinguishes residual networks from each other.

use serde::{Deserialize, Serialize};

/// How the first convolution meets the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StemKind {
    /// 3 × 3, stride 1: for small images (He et al. 2016, § 4.2).
    #[default]
    Small,
    /// 7 × 7, stride 2, then 3 × 3 max pooling of stride 2: for photographs (table 1).
    Large,
}

/// What leads around each pair of convolutions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShortcutKind {
    /// Nothing: the plain network.
    None,
    /// The identity; between stages every other pixel, and zeros in the new channels (option A).
    #[default]
    Padded,
    /// The identity; between stages a 1 × 1 convolution (option B).
    Projection,
}

/// Where a block's activations are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivationOrder {
    /// After each convolution, the last one after the addition (He et al. 2016).
    #[default]
    Post,
    /// Before each convolution, so that nothing is in the way of the identity (He et al. 2016,
    /// "Identity mappings in deep residual networks").
    Pre,
}

/// What keeps the scale of the signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalization {
    /// Batch normalisation after each convolution (Ioffe & Szegedy 2015).
    #[default]
    Batch,
    /// Nothing; the convolutions have biases.
    None,
    /// An initialisation by depth, with scalar biases and multipliers (Zhang, Dauphin & Ma 2019).
    Fixup,
    /// A learned multiplier of each branch, 0 at first (De & Smith 2020); the convolutions have
    /// biases.
    SkipInit,
}
