//! Connections around hidden layers.

use backdraft_layers::{Initializer, InvalidField, LinearInit, WeightRng, sigmoid};
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// How the input h of a hidden layer joins its output f(h). Where their widths differ, there is no
/// skip and the output is f(h).
///
/// | name in a configuration | output | source |
/// |---|---|---|
/// | `none` | f(h) | |
/// | `residual` | h + f(h) | He et al. 2016, eq. 1 |
/// | `rezero` | h + α f(h), with a learned α that starts at 0 | Bachlechner et al. 2021, eq. 1 |
/// | `{ highway = -2.0 }` | T f(h) + (1 − T) h, T = σ(W h + b), with b starting at the given value | Srivastava et al. 2015, eq. 3, § 2.2 |
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// No skip.
    #[default]
    None,
    /// The sum of both.
    Residual,
    /// The sum, with f(h) multiplied by a learned scalar that starts at zero.
    Rezero,
    /// A mixture, with a learned gate for each unit whose bias starts at this value. A negative
    /// bias favours h.
    Highway(f64),
}

/// A skip with its learned parameters.
#[derive(Module, Debug)]
pub enum SkipLayer {
    /// h + f(h), or h + α f(h) with an α of shape `[1]`.
    Sum(Option<Param<Tensor<1>>>),
    /// W and b of the gate T, `[width, width]` and `[width]`.
    Highway(Linear),
}

impl Skip {
    /// Checks the bias of the gate.
    pub(crate) fn validate(self, field: &'static str) -> Result<(), InvalidField> {
        match self {
            Self::Highway(bias) if !bias.is_finite() => {
                Err(InvalidField::new(field, bias, "the bias of its gate must be finite"))
            }
            _ => Ok(()),
        }
    }

    /// Creates the skip around a layer, or `None` where the widths differ.
    pub(crate) fn init(
        self,
        inputs: usize,
        outputs: usize,
        initializer: Initializer,
        rng: &mut WeightRng,
        device: &Device,
    ) -> Option<SkipLayer> {
        match self {
            _ if inputs != outputs => None,
            Self::None => None,
            Self::Residual => Some(SkipLayer::Sum(None)),
            Self::Rezero => Some(SkipLayer::Sum(Some(Param::from_data([0.0f32], device)))),
            Self::Highway(bias) => {
                let gate = LinearInit { weight: initializer, bias_variance: None };
                let mut gate = gate.init(inputs, outputs, rng, device);
                gate.bias = Some(Param::from_data(vec![bias as f32; outputs].as_slice(), device));
                Some(SkipLayer::Highway(gate))
            }
        }
    }

    /// Returns the number of learned parameters in the skip around a layer.
    pub(crate) fn num_learned(self, inputs: usize, outputs: usize) -> usize {
        match self {
            _ if inputs != outputs => 0,
            Self::None | Self::Residual => 0,
            Self::Rezero => 1,
            Self::Highway(_) => (inputs + 1) * outputs,
        }
    }
}

impl SkipLayer {
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
