//! The modules that are trained.

mod convolutional;
mod encoder_decoder;
mod head_first;
mod lstm;
mod recurrent;
mod towers;
mod transformer;

pub(crate) use convolutional::Convolutional;
pub(crate) use encoder_decoder::EncoderDecoder;
pub(crate) use head_first::HeadFirst;
pub(crate) use lstm::BurnLstm;
pub(crate) use recurrent::Recurrent;
pub(crate) use towers::Towers;
pub(crate) use transformer::BurnTransformer;

use backdraft_hooks::{Nonlinearity, Taps};
use burn::module::{Module, ModuleDisplay};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::{relu, tanh};
use burn::tensor::{Device, Tensor};

use crate::fault::Fault;

/// What is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// Ten ReLU or tanh layers, declared after their head.
    HeadFirst,
    /// Two towers, one of which counts for little in the loss.
    Towers,
    /// An encoder that narrows and a decoder that widens.
    EncoderDecoder,
    /// Burn's own LSTM.
    BurnLstm,
    /// Burn's own Transformer encoder.
    BurnTransformer,
    /// Convolutions with batch normalisation.
    Convolutional,
    /// A recurrent network whose time steps are tapped.
    Recurrent,
}

impl Program {
    /// Every program.
    pub const ALL: &[Self] = &[
        Self::HeadFirst,
        Self::Towers,
        Self::EncoderDecoder,
        Self::BurnLstm,
        Self::BurnTransformer,
        Self::Convolutional,
        Self::Recurrent,
    ];

    /// Tells whether a fault makes this program sick: small weights do not where layers are normalised,
    /// nor does anything over time where there is none.
    pub fn can_have(self, fault: Fault) -> bool {
        use Program::{EncoderDecoder, HeadFirst, Recurrent, Towers};
        match fault {
            Fault::SmallWeights | Fault::LargeWeights | Fault::SickLayer | Fault::DeadBias => {
                matches!(self, HeadFirst | Towers | EncoderDecoder)
            }
            // Normalisation takes the scale of a batch out, and saturation bounds what it can do.
            Fault::BadBatch => matches!(self, HeadFirst | Towers | Recurrent),
            Fault::ForgetsOverTime | Fault::ExplodesOverTime => self == Recurrent,
            _ => true,
        }
    }

    /// Returns the layer in the middle, in which a fault of one layer is put.
    pub fn middle(self) -> &'static str {
        match self {
            Self::HeadFirst => "hidden.4",
            Self::Towers => "left.3",
            Self::EncoderDecoder => "encoder.3",
            Self::BurnLstm => "lstm.output_gate",
            Self::BurnTransformer => "encoder.layers.1",
            Self::Convolutional => "convolutions.1",
            Self::Recurrent => "hidden",
        }
    }
}

/// A module that classifies examples.
pub(crate) trait Classifier: Module + ModuleDisplay {
    /// Returns the variance of a weight times its inputs with which it trains well.
    const GAIN: f64;

    /// Creates the module; its weights are drawn afterwards.
    fn new(device: &Device) -> Self;

    /// # Shapes
    ///
    /// - inputs: `[batch, FEATURES]`
    /// - output: logits, `[batch, CLASSES]`
    fn logits(&self, inputs: Tensor<2>, taps: &mut Taps) -> Tensor<2>;
}

fn linears(count: usize, width: usize, device: &Device) -> Vec<Linear> {
    (0..count).map(|_| linear(width, width, device)).collect()
}

fn linear(inputs: usize, outputs: usize, device: &Device) -> Linear {
    LinearConfig::new(inputs, outputs).init(device)
}

/// Sends activations through layers with ReLU and taps each.
fn through(layers: &[Linear], name: &str, x: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
    layers.iter().enumerate().fold(x, |x, (layer, linear)| {
        let name = format_args!("{name}.{layer}");
        taps.tap_output(name, Nonlinearity::Rectifier, relu(linear.forward(x)))
    })
}

/// The same with tanh.
fn through_tanh(layers: &[Linear], name: &str, x: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
    layers.iter().enumerate().fold(x, |x, (layer, linear)| {
        let name = format_args!("{name}.{layer}");
        taps.tap_output(name, Nonlinearity::Tanh, tanh(linear.forward(x)))
    })
}
