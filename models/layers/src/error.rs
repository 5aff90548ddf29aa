//! Errors in the size of a batch.

/// A batch that leaves a batch normalisation one value per channel, whose variance is 0.
///
/// Every value would be its own mean, so the layer's output would not depend on its input and no
/// gradient would flow back. PyTorch rejects such batches too.
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
