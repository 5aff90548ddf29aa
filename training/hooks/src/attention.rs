//! Reductions of attention and of sequences of tokens.

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

use crate::reader::wide;

/// What a tap saw of attention, `[batch, heads, queries, keys]`, without autodiff.
#[derive(Clone)]
pub(crate) enum SeenAttention {
    /// Before the softmax.
    Logits(Tensor<4>),
    /// After it.
    Weights(Tensor<4>),
}

impl SeenAttention {
    pub(crate) fn heads(&self) -> usize {
        let (Self::Logits(tensor) | Self::Weights(tensor)) = self;
        tensor.dims()[1]
    }

    /// Distributions over keys of each head: examples times queries.
    pub(crate) fn distributions(&self) -> usize {
        let (Self::Logits(tensor) | Self::Weights(tensor)) = self;
        let [batch, _, queries, _] = tensor.dims();
        batch * queries
    }

    /// Queues the largest logit, if there are logits, and each head's mean entropy in nats.
    ///
    /// # Shapes
    ///
    /// - output: `[1 + heads]` or `[heads]`
    pub(crate) fn reductions(self) -> Tensor<1> {
        match self {
            Self::Logits(logits) => {
                let logits = wide(logits);
                let largest = logits.clone().max();
                let log = log_softmax(logits, 3);
                Tensor::cat(vec![largest, entropies(log.clone().exp(), log)], 0)
            }
            Self::Weights(weights) => {
                let weights = wide(weights);
                let log = weights.clone().log();
                entropies(weights, log)
            }
        }
    }
}

/// −Σ p ln p over the keys, where 0 ln 0 = 0, averaged over batch and queries, shape `[heads]`.
fn entropies(weights: Tensor<4>, log: Tensor<4>) -> Tensor<1> {
    let [batch, heads, queries, _] = weights.dims();
    let is_zero = weights.clone().equal_elem(0.0);
    let terms = (weights * log).mask_fill(is_zero, 0.0);
    let of_each_head = terms.sum_dim(3).sum_dim(2).sum_dim(0).reshape([heads]);
    of_each_head.mul_scalar(-1.0 / (batch * queries).max(1) as f64)
}

/// Queues the mean cosine between two tokens of an example, shape `[1]`.
///
/// From Σᵢⱼ x̂ᵢ·x̂ⱼ = ‖Σᵢ x̂ᵢ‖², so that no matrix of pairs is made. A token that is zero has no direction
/// and is at a right angle to all others.
///
/// # Shapes
///
/// - activation: `[batch, tokens, units]` with at least two tokens
pub(crate) fn token_cosine(activation: Tensor<3>) -> Tensor<1> {
    let [batch, tokens, _] = activation.dims();
    let scale = activation.clone().abs().max_dim(2);
    let scaled = activation / scale.clone().mask_fill(scale.equal_elem(0.0), 1.0);
    let norm = scaled.clone().square().sum_dim(2).sqrt();
    let unit = scaled / norm.clone().mask_fill(norm.equal_elem(0.0), 1.0);
    let with_itself = unit.clone().square().sum();
    let pairs = unit.sum_dim(1).square().sum() - with_itself;
    pairs.div_scalar((batch * tokens * (tokens - 1)) as f64)
}
