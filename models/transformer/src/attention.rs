//! Self-attention.

use backdraft_hooks::Taps;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

/// Multi-head self-attention without a mask (Vaswani et al. 2017, § 3.2).
///
/// Keys have no bias. It would add the same number to all scores of a query, which the softmax
/// ignores, so its gradient would always be zero.
#[derive(Module, Debug)]
pub struct Attention {
    /// W_Q and its bias.
    pub query: Linear,
    /// W_K.
    pub key: Linear,
    /// W_V and its bias.
    pub value: Linear,
    /// W_O and its bias.
    pub output: Linear,
    #[module(skip)]
    pub(crate) heads: usize,
}

impl Attention {
    /// Computes the attention of every position to every other.
    ///
    /// # Shapes
    ///
    /// - input, output: `[batch, length, width]`
    pub fn forward(&self, input: Tensor<3>) -> Tensor<3> {
        self.forward_tapped(input, "", &mut Taps::off())
    }

    /// Computes the same. Taps see the logits as `name.attention`.
    pub(crate) fn forward_tapped(
        &self,
        input: Tensor<3>,
        name: &str,
        taps: &mut Taps,
    ) -> Tensor<3> {
        let [batch, length, width] = input.dims();
        let each = width / self.heads;
        let of_heads = |linear: &Linear| {
            let projected = linear.forward(input.clone());
            projected.reshape([batch, length, self.heads, each]).swap_dims(1, 2)
        };
        let query = of_heads(&self.query); // [batch, heads, length, each]
        let scores = query.matmul(of_heads(&self.key).transpose());
        // Multiply instead of dividing: Burn's backward pass narrows a divisor to `f32`.
        let logits = scores.mul_scalar((each as f64).sqrt().recip());
        let weights = softmax(taps.tap_attention(format_args!("{name}.attention"), logits), 3);
        let seen = weights.matmul(of_heads(&self.value)).swap_dims(1, 2);
        self.output.forward(seen.reshape([batch, length, width]))
    }
}
