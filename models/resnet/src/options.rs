//! Options of residual networks.

use serde::{Deserialize, Serialize};

/// The first layers, before the residual blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StemKind {
    /// 3 × 3, stride 1: for small images (He et al. 2016, § 4.2).
    #[default]
    Small,
    /// 7 × 7, stride 2, then 3 × 3 max pooling of stride 2: for photographs (table 1).
    Large,
}

/// The connection around each pair of convolutions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShortcutKind {
    /// None: the plain network.
    None,
    /// The identity; between stages, every other pixel, with zeros in the new channels (option A).
    #[default]
    Padded,
    /// The identity; between stages, a 1 × 1 convolution (option B).
    Projection,
}

/// The order of convolutions and activations in a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivationOrder {
    /// Activation after each convolution; the last one after the addition (He et al. 2016).
    #[default]
    Post,
    /// Activation before each convolution, so that the identity path is unobstructed (He et al.
    /// 2016, "Identity mappings in deep residual networks").
    Pre,
}

/// What keeps the scale of the signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalization {
    /// Batch normalisation after each convolution (Ioffe & Szegedy 2015). Training needs at least 2
    /// examples per batch where a single pixel is left.
    #[default]
    Batch,
    /// None; the convolutions have biases.
    None,
    /// Initialisation scaled by depth, with scalar biases and multipliers (Zhang, Dauphin & Ma
    /// 2019).
    Fixup,
    /// A learned multiplier for each branch, which starts at 0 (De & Smith 2020); the convolutions
    /// have biases.
    SkipInit,
}
