//! Connections around hidden layers.

use backdraft_layers::{LinearInit, WeightRng, sigmoid};
use backdraft_spec::{Initializer, Skip};
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

/// A skip with its learned parameters.
#[derive(Module, Debug)]
pub enum SkipLayer {
    /// h + f(h), or h + α f(h) with an α of shape `[1]`.
    Sum(Option<Param<Tensor<1>>>),
    /// W and b of the gate T, `[width, width]` and `[width]`.
    Highway(Linear),
}

/// Returns the number of learned parameters in the skip around a layer.
pub(crate) fn num_learned(skip: Skip, inputs: usize, outputs: usize) -> usize {
    match skip {
        _ if inputs != outputs => 0,
        Skip::None | Skip::Residual => 0,
        Skip::Rezero => 1,
        Skip::Highway(_) => (inputs + 1) * outputs,
    }
}

impl SkipLayer {
    /// Creates the skip around a layer, or `None` where the widths differ.
    pub(crate) fn new(
        skip: Skip,
        inputs: usize,
        outputs: usize,
        initializer: Initializer,
        rng: &mut WeightRng,
        device: &Device,
    ) -> Option<Self> {
        match skip {
            _ if inputs != outputs => None,
            Skip::None => None,
            Skip::Residual => Some(Self::Sum(None)),
            Skip::Rezero => Some(Self::Sum(Some(Param::from_data([0.0f32], device)))),
            Skip::Highway(bias) => {
                let gate = LinearInit { weight: initializer, bias_variance: None };
                let mut gate = gate.init(inputs, outputs, rng, device);
                gate.bias = Some(Param::from_data(vec![bias as f32; outputs].as_slice(), device));
                Some(Self::Highway(gate))
            }
        }
    }

    /// Joins a layer's input h and its output f(h).
    ///
    /// # Shapes
    ///
    /// - input, output, result: `[batch, width]`
    pub fn join(&self, input: Tensor<2>, output: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Sum(None) => input + output,
            Self::Sum(Some(scale)) => input + output * scale.val().unsqueeze(),
            Self::Highway(gate) => {
                let transform = sigmoid(gate.forward(input.clone()));
                input.clone() + transform * (output - input)
            }
        }
    }
}
