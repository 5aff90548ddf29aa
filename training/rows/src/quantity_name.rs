//! The names of quantities.

use std::convert::Infallible;
use std::str::FromStr;
use std::sync::Arc;

use crate::text::is_its_text;

/// The name of a quantity, as rows carry it.
///
/// The quantities of `backdraft-hooks` and `backdraft-trainer` are constants, so that a mistyped name
/// does not compile. A quantity of your own is a constant of your own:
///
/// ```
/// use backdraft_rows::QuantityName;
///
/// const GRADIENT_NOISE: QuantityName = QuantityName::new("gradient_noise");
/// assert_eq!(GRADIENT_NOISE.to_string(), "gradient_noise");
/// assert_ne!(GRADIENT_NOISE, QuantityName::GRADIENT_NORM);
/// ```
///
/// A text is no name:
///
/// ```compile_fail
/// # use backdraft_rows::Row;
/// let row = Row::new(0, "gradient_nrom", "head.weight", 0.5);
/// ```
///
/// A name that is read from a file is [parsed](FromStr); every text is a name.
#[derive(Clone)]
pub struct QuantityName(Text);

#[derive(Clone)]
enum Text {
    Fixed(&'static str),
    Read(Arc<str>),
}

/// Declares the constants and the list of them.
macro_rules! known {
    ($($constant:ident = $text:literal: $about:literal;)*) => {
        impl QuantityName {
            $(#[doc = $about] pub const $constant: Self = Self::new($text);)*

            /// Every quantity that has a constant here.
            pub const KNOWN: &[Self] = &[$(Self::$constant),*];

            /// Returns what the quantity is, with its unit, in one sentence; nothing for a quantity
            /// that has no constant here.
            pub fn about(&self) -> &'static str {
                match self.as_str() {
                    $($text => $about,)*
                    _ => "",
                }
            }

            fn known(text: &str) -> Option<&'static str> {
                match text {
                    $($text => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

known! {
    GRADIENT_NORM = "gradient_norm":
        "L2 norm of the gradient of the loss with respect to one parameter tensor, ‖∂L/∂W‖.";
    GRADIENT_MEAN_ABSOLUTE = "gradient_mean_absolute":
        "Mean magnitude of the finite elements of a parameter’s gradient, mean |g|.";
    GRADIENT_STANDARD_DEVIATION = "gradient_standard_deviation":
        "Population standard deviation of the elements of a parameter’s gradient.";
    GRADIENT_MAX = "gradient_max":
        "Largest magnitude among the finite elements of a parameter’s gradient, max |g|.";
    GRADIENT_ZERO_SHARE = "gradient_zero_share":
        "Share of the elements of a parameter’s gradient that are exactly zero.";
    GRADIENT_UNDERFLOW_SHARE = "gradient_underflow_share":
        "Share of the elements of a parameter’s gradient below the smallest normal number: underflow, as opposed to no gradient.";
    GRADIENT_NAN_COUNT = "gradient_nan_count":
        "Number of NaN elements in a parameter’s gradient.";
    GRADIENT_INFINITY_COUNT = "gradient_infinity_count":
        "Number of infinite elements in a parameter’s gradient.";
    GRADIENT_HISTOGRAM = "gradient_histogram":
        "Number of elements of a parameter’s gradient in each decade of |g|; the bin 1e-4 holds [1e-4, 1e-3).";
    GRADIENT_MISSING = "gradient_missing":
        "1 if a parameter that requires a gradient received none in this backward pass, else 0.";
    WEIGHT_NORM = "weight_norm":
        "L2 norm of one parameter tensor, ‖W‖, before the optimiser’s step.";
    UPDATE_RATIO = "update_ratio":
        "Size of the update actually applied, relative to the parameter: ‖ΔW‖ / ‖W‖; none where ‖W‖ = 0.";
    ACTIVATION_MEAN = "activation_mean":
        "Mean of a tapped activation over the batch and its elements.";
    ACTIVATION_STANDARD_DEVIATION = "activation_standard_deviation":
        "Population standard deviation of a tapped activation over the batch and its elements.";
    ACTIVATION_NORM = "activation_norm":
        "L2 norm of a tapped activation over the whole batch, ‖a‖.";
    ACTIVATION_GRADIENT_NORM = "activation_gradient_norm":
        "L2 norm of the gradient of the loss with respect to a tapped activation over the whole batch, ‖∂L/∂a‖.";
    SATURATED_SHARE = "saturated_share":
        "Share of a sigmoid’s or tanh’s outputs where its slope is below 1 % of the largest.";
    DEAD_SHARE = "dead_share":
        "Share of a rectifier’s units that are zero for the whole batch.";
    GRADIENT_FLUSHED_FP16 = "gradient_flushed_fp16":
        "Share of the elements of a parameter’s gradient that fp16 would turn into zero.";
    GRADIENT_UNDERFLOWN_FP16 = "gradient_underflown_fp16":
        "Share of the elements of a parameter’s gradient, zeros excepted, below the smallest normal number of fp16.";
    GRADIENT_OVERFLOWN_FP16 = "gradient_overflown_fp16":
        "Share of the elements of a parameter’s gradient that are too large for fp16.";
    LOSS_SCALE_FP16 = "loss_scale_fp16":
        "Smallest power of two by which to multiply the loss so that fp16 turns at most one in a thousand non-zero elements of a parameter’s gradient into zero; none if one would overflow.";
    ACTIVATION_FLUSHED_FP16 = "activation_flushed_fp16":
        "Share of the elements of a tapped activation that fp16 would turn into zero.";
    ACTIVATION_OVERFLOWN_FP16 = "activation_overflown_fp16":
        "Share of the elements of a tapped activation that are too large for fp16.";
    GRADIENT_FLUSHED_BF16 = "gradient_flushed_bf16":
        "Share of the elements of a parameter’s gradient that bf16 would turn into zero.";
    GRADIENT_UNDERFLOWN_BF16 = "gradient_underflown_bf16":
        "Share of the elements of a parameter’s gradient, zeros excepted, below the smallest normal number of bf16.";
    GRADIENT_OVERFLOWN_BF16 = "gradient_overflown_bf16":
        "Share of the elements of a parameter’s gradient that are too large for bf16.";
    LOSS_SCALE_BF16 = "loss_scale_bf16":
        "Smallest power of two by which to multiply the loss so that bf16 turns at most one in a thousand non-zero elements of a parameter’s gradient into zero; none if one would overflow.";
    ACTIVATION_FLUSHED_BF16 = "activation_flushed_bf16":
        "Share of the elements of a tapped activation that bf16 would turn into zero.";
    ACTIVATION_OVERFLOWN_BF16 = "activation_overflown_bf16":
        "Share of the elements of a tapped activation that are too large for bf16.";
    GRADIENT_FLUSHED_E4M3 = "gradient_flushed_fp8_e4m3":
        "Share of the elements of a parameter’s gradient that fp8 E4M3 would turn into zero.";
    GRADIENT_UNDERFLOWN_E4M3 = "gradient_underflown_fp8_e4m3":
        "Share of the elements of a parameter’s gradient, zeros excepted, below the smallest normal number of fp8 E4M3.";
    GRADIENT_OVERFLOWN_E4M3 = "gradient_overflown_fp8_e4m3":
        "Share of the elements of a parameter’s gradient that are too large for fp8 E4M3.";
    LOSS_SCALE_E4M3 = "loss_scale_fp8_e4m3":
        "Smallest power of two by which to multiply the loss so that fp8 E4M3 turns at most one in a thousand non-zero elements of a parameter’s gradient into zero; none if one would overflow.";
    ACTIVATION_FLUSHED_E4M3 = "activation_flushed_fp8_e4m3":
        "Share of the elements of a tapped activation that fp8 E4M3 would turn into zero.";
    ACTIVATION_OVERFLOWN_E4M3 = "activation_overflown_fp8_e4m3":
        "Share of the elements of a tapped activation that are too large for fp8 E4M3.";
    GRADIENT_FLUSHED_E5M2 = "gradient_flushed_fp8_e5m2":
        "Share of the elements of a parameter’s gradient that fp8 E5M2 would turn into zero.";
    GRADIENT_UNDERFLOWN_E5M2 = "gradient_underflown_fp8_e5m2":
        "Share of the elements of a parameter’s gradient, zeros excepted, below the smallest normal number of fp8 E5M2.";
    GRADIENT_OVERFLOWN_E5M2 = "gradient_overflown_fp8_e5m2":
        "Share of the elements of a parameter’s gradient that are too large for fp8 E5M2.";
    LOSS_SCALE_E5M2 = "loss_scale_fp8_e5m2":
        "Smallest power of two by which to multiply the loss so that fp8 E5M2 turns at most one in a thousand non-zero elements of a parameter’s gradient into zero; none if one would overflow.";
    ACTIVATION_FLUSHED_E5M2 = "activation_flushed_fp8_e5m2":
        "Share of the elements of a tapped activation that fp8 E5M2 would turn into zero.";
    ACTIVATION_OVERFLOWN_E5M2 = "activation_overflown_fp8_e5m2":
        "Share of the elements of a tapped activation that are too large for fp8 E5M2.";
    UPDATE_COSINE = "update_cosine":
        "Cosine of the optimiser’s step against a parameter’s negative gradient: 1 for plain gradient descent.";
    MOMENT_BELOW_EPSILON_SHARE = "moment_below_epsilon_share":
        "Share of a parameter’s elements whose √v̂ in Adam’s state is below ε.";
    MOMENT_RATIO = "moment_ratio":
        "Mean of |m̂| / √v̂ in Adam’s state over a parameter’s elements.";
    EFFECTIVE_STEP = "effective_step":
        "Mean of 1 / (√v̂ + ε) in Adam’s state over a parameter’s elements: the step per unit of gradient and of learning rate.";
    ATTENTION_MAX_LOGIT = "attention_max_logit":
        "Largest logit of an attention over the batch, its heads, queries and keys.";
    ATTENTION_ENTROPY = "attention_entropy":
        "Mean entropy of one head’s attention over the batch and its queries, in nats.";
    TOKEN_COSINE = "token_cosine":
        "Mean cosine between two tokens of an example in a tapped activation: near 1 where all are alike.";
    LOSS = "loss":
        "Loss of the batch before the optimiser’s step, the mean over its examples.";
    TRAIN_LOSS = "train_loss":
        "Mean loss over the whole training split.";
    TEST_LOSS = "test_loss":
        "Mean loss over the test split.";
    TRAIN_ACCURACY = "train_accuracy":
        "Share of the training split’s examples that are answered correctly.";
    TEST_ACCURACY = "test_accuracy":
        "Share of the test split’s examples that are answered correctly.";
    GLOBAL_GRADIENT_NORM = "global_gradient_norm":
        "L2 norm of the gradients of all parameters together, before clipping.";
    CLIPPED_GRADIENT_NORM = "clipped_gradient_norm":
        "L2 norm of the gradients of all parameters together, after clipping.";
}

impl QuantityName {
    /// Names a quantity.
    pub const fn new(text: &'static str) -> Self {
        Self(Text::Fixed(text))
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Fixed(text) => text,
            Text::Read(text) => text,
        }
    }
}

impl FromStr for QuantityName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(Self::known(text).map_or_else(|| Text::Read(text.into()), Text::Fixed)))
    }
}

is_its_text!(QuantityName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_read_equals_the_constant_and_is_ordered_and_hashed_as_its_text() {
        use std::collections::{BTreeSet, HashSet};

        for known in QuantityName::KNOWN {
            let Ok(read) = known.as_str().parse::<QuantityName>();
            assert_eq!(&read, known);
            assert!(matches!(read.0, Text::Fixed(_)), "no allocation for {known}");
            assert!(!known.about().is_empty(), "{known}");
        }
        let Ok(other) = "of_mine".parse::<QuantityName>();
        assert_eq!(other, QuantityName::new("of_mine"));
        assert_eq!(other.about(), "");
        let names = [QuantityName::WEIGHT_NORM, other, QuantityName::LOSS];
        assert!(
            names.iter().cloned().collect::<HashSet<_>>().contains(&QuantityName::new("of_mine"))
        );
        let sorted: Vec<String> =
            names.iter().collect::<BTreeSet<_>>().iter().map(ToString::to_string).collect();
        assert_eq!(sorted, ["loss", "of_mine", "weight_norm"]);
    }

    #[test]
    fn no_two_constants_have_the_same_name() {
        let texts: std::collections::HashSet<&str> =
            QuantityName::KNOWN.iter().map(QuantityName::as_str).collect();
        assert_eq!(texts.len(), QuantityName::KNOWN.len());
    }
}
