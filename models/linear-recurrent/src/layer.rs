//! One layer.

use backdraft_hooks::Taps;
use backdraft_layers::{Activation, ActivationExt};
use burn::module::Module;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;

use crate::units::RecurrentUnit;

/// x + W gelu(unit(LN(x))) + b, or without the skip.
#[derive(Module, Debug)]
pub struct LinearRecurrentLayer {
    /// The normalisation of the unit's input.
    pub norm: LayerNorm,
    /// The recurrence.
    pub unit: RecurrentUnit,
    /// W and b, back to the width.
    pub mix: Linear,
    #[module(skip)]
    pub(crate) has_skip: bool,
}

impl LinearRecurrentLayer {
    /// Computes the layer's outputs at all time steps.
    ///
    /// Taps see the states of the unit as `name@t`.
    ///
    /// # Shapes
    ///
    /// - input, output: `[time, batch, width]`
    pub fn forward(&self, input: Tensor<3>, name: &str, taps: &mut Taps) -> Tensor<3> {
        let seen = self.unit.forward(self.norm.forward(input.clone()), name, taps);
        let output = self.mix.forward(Activation::Gelu.apply(seen));
        if self.has_skip { input + output } else { output }
    }
}
