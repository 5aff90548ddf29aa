//! Two convolutions with what leads around them.

use backdraft_hooks::{Nonlinearity, Taps};
use backdraft_layers::{ActivationLayer, convolve};
use burn::module::Module;
use burn::nn::BatchNorm;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;

use crate::branch::BranchScalars;
use crate::options::ActivationOrder;
use crate::shortcut::Shortcut;

/// The building block of He et al. 2016, figure 2; without a shortcut, two layers of a plain network.
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
    /// What is added to the branch.
    pub shortcut: Option<Shortcut>,
    /// Fixup's or SkipInit's scalars.
    pub scalars: Option<BranchScalars>,
    #[module(skip)]
    pub(crate) order: ActivationOrder,
}

impl ResidualBlock {
    /// Computes the block's output.
    ///
    /// Taps see the activation between the convolutions as `name.hidden`, and the output as `name`.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, inputs, height, width]`
    /// - output: `[batch, channels, ⌈height / stride⌉, ⌈width / stride⌉]`
    pub fn forward(&self, input: Tensor<4>, name: &str, taps: &mut Taps) -> Tensor<4> {
        let scalars = self.scalars.as_ref();
        let hidden = |x: Tensor<4>, taps: &mut Taps, activation: &ActivationLayer| {
            let nonlinearity = activation.activation().nonlinearity();
            taps.tap_output(format_args!("{name}.hidden"), nonlinearity, activation.forward(x))
        };
        let branch = match self.order {
            ActivationOrder::Post => {
                let x = BranchScalars::shift(scalars, 0, input.clone());
                let x = normalize(&self.norm1, convolve(&self.conv1, x));
                let x = hidden(BranchScalars::shift(scalars, 1, x), taps, &self.activation1);
                let x = BranchScalars::shift(scalars, 2, x);
                normalize(&self.norm2, convolve(&self.conv2, x))
            }
            ActivationOrder::Pre => {
                let x = self.activation1.forward(normalize(&self.norm1, input.clone()));
                let x = normalize(&self.norm2, convolve(&self.conv1, x));
                convolve(&self.conv2, hidden(x, taps, &self.activation2))
            }
        };
        let branch = BranchScalars::shift(scalars, 3, BranchScalars::scale(scalars, branch));
        let sum = match &self.shortcut {
            Some(shortcut) => shortcut.forward(input) + branch,
            None => branch,
        };
        match self.order {
            ActivationOrder::Post => {
                let nonlinearity = self.activation2.activation().nonlinearity();
                taps.tap_output(name, nonlinearity, self.activation2.forward(sum))
            }
            ActivationOrder::Pre => taps.tap_output(name, Nonlinearity::Other, sum),
        }
    }
}

fn normalize(norm: &Option<BatchNorm>, x: Tensor<4>) -> Tensor<4> {
    match norm {
        Some(norm) => norm.forward(x),
        None => x,
    }
}
