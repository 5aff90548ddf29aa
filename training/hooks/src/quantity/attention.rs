//! What attention does.

use backdraft_rows::QuantityName;

use super::{Measured, Quantity, Reads, Values};

/// Largest logit of a tapped attention over the batch, its heads, queries and keys. Attention whose logits
/// grow into the tens is close to one-hot, and its softmax passes back next to no gradient.
#[derive(Clone, Copy, Debug)]
pub struct AttentionMaxLogit;

impl Quantity for AttentionMaxLogit {
    fn name(&self) -> QuantityName {
        QuantityName::ATTENTION_MAX_LOGIT
    }

    fn reads(&self) -> Reads {
        Reads { attention: true, ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        measured.attention_max_logit.into()
    }
}

/// Mean entropy of one head's attention over the batch and its queries, in nats: 0 where each query looks
/// at one key, ln n where it looks at n keys alike. The subject is the attention's name and the head's number.
///
/// # Reference
///
/// Zhai et al. 2023, "Stabilizing Transformer Training by Preventing Attention Entropy Collapse".
#[derive(Clone, Copy, Debug)]
pub struct AttentionEntropy;

impl Quantity for AttentionEntropy {
    fn name(&self) -> QuantityName {
        QuantityName::ATTENTION_ENTROPY
    }

    fn reads(&self) -> Reads {
        Reads { attention: true, ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        measured.attention_entropy.into()
    }
}

/// Mean cosine between two tokens of an example, for a tapped activation `[batch, tokens, units]`: near 1
/// where all tokens have become alike (rank collapse).
///
/// # Reference
///
/// Dong, Cordonnier & Loukas 2021, "Attention is Not All You Need: Pure Attention Loses Rank Doubly
/// Exponentially with Depth".
#[derive(Clone, Copy, Debug)]
pub struct TokenCosine;

impl Quantity for TokenCosine {
    fn name(&self) -> QuantityName {
        QuantityName::TOKEN_COSINE
    }

    fn reads(&self) -> Reads {
        Reads { token_cosine: true, ..Reads::NOTHING }
    }

    fn values(&self, measured: &Measured) -> Values {
        measured.token_cosine.into()
    }
}

/// Logits and entropy of tapped attention, and how alike the tokens of tapped sequences are.
pub const ATTENTION: &[&dyn Quantity] = &[&AttentionMaxLogit, &AttentionEntropy, &TokenCosine];
