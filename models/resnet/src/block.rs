//! Two convolutions with a shortcut around them.

use backdraft_hooks::{Nonlinearity, Taps};
use backdraft_layers::{ActivationExt, ActivationLayer, batch_norm, convolve};
use burn::module::Module;
use burn::nn::BatchNorm;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;

use crate::branch::BranchScalars;
use crate::options::ActivationOrder;
use crate::shortcut::Shortcut;

/// The building block of He et al. 2016, figure 2. Without a shortcut, it is two layers of a plain
/// network.
#[derive(Module, Debug)]
pub struct ResidualBlock {
    /// The first convolution, which may have a stride.
    pub conv1: Conv2d,
    /// The first batch normalisation: after `conv1`, or before it with pre-activation.
    pub norm1: Option<BatchNorm>,
    /// The first activation.
    pub activation1: ActivationLayer,
    /// The second convolution.
    pub conv2: Conv2d,
    /// The second batch normalisation.
    pub norm2: Option<BatchNorm>,
    /// The second activation: after the addition, or before `conv2` with pre-activation.
    pub activation2: ActivationLayer,
    /// The shortcut, which is added to the branch.
    pub shortcut: Option<Shortcut>,
    /// Fixup's or SkipInit's scalars.
    pub scalars: Option<BranchScalars>,
    #[module(skip)]
    pub(crate) order: ActivationOrder,
}

impl ResidualBlock {
    /// Computes the block's output.
    ///
    /// Taps see the activation between the convolutions as `name.hidden` and the output as `name`.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, inputs, height, width]`
    /// - output: `[batch, channels, ⌈height / stride⌉, ⌈width / stride⌉]`
    pub fn forward(&self, input: Tensor<4>, name: &str, taps: &mut Taps) -> Tensor<4> {
        let scalars = self.scalars.as_ref();
        let shift = |index, x| BranchScalars::shift(scalars, index, x);
        let hidden = |x: Tensor<4>, taps: &mut Taps, norm, activation: &ActivationLayer| {
            let nonlinearity = activation.activation().nonlinearity();
            let output = normalize(norm, Some(activation), x, None);
            taps.tap_output(format_args!("{name}.hidden"), nonlinearity, output)
        };
        let around = || self.shortcut.as_ref().map(|shortcut| shortcut.forward(input.clone()));
        match self.order {
            ActivationOrder::Post => {
                let x = shift(1, convolve(&self.conv1, shift(0, input.clone())));
                let x = shift(2, hidden(x, taps, &self.norm1, &self.activation1));
                // Blocks with scalars have no normalisation.
                let branch = BranchScalars::scale(scalars, convolve(&self.conv2, x));
                let branch = BranchScalars::shift(scalars, 3, branch);
                let nonlinearity = self.activation2.activation().nonlinearity();
                let output = normalize(&self.norm2, Some(&self.activation2), branch, around());
                taps.tap_output(name, nonlinearity, output)
            }
            ActivationOrder::Pre => {
                let x = normalize(&self.norm1, Some(&self.activation1), input.clone(), None);
                let x = hidden(convolve(&self.conv1, x), taps, &self.norm2, &self.activation2);
                let branch = BranchScalars::scale(scalars, convolve(&self.conv2, x));
                let branch = BranchScalars::shift(scalars, 3, branch);
                taps.tap_output(name, Nonlinearity::Other, add(branch, around()))
            }
        }
    }
}

/// Applies the normalisation, shortcut and activation that are present, in this order.
pub(crate) fn normalize(
    norm: &Option<BatchNorm>,
    activation: Option<&ActivationLayer>,
    x: Tensor<4>,
    shortcut: Option<Tensor<4>>,
) -> Tensor<4> {
    match (norm, activation) {
        (Some(norm), activation) => batch_norm(norm, activation, x, shortcut),
        (None, Some(activation)) => activation.forward(add(x, shortcut)),
        (None, None) => add(x, shortcut),
    }
}

fn add(branch: Tensor<4>, shortcut: Option<Tensor<4>>) -> Tensor<4> {
    match shortcut {
        Some(shortcut) => shortcut + branch,
        None => branch,
    }
}
