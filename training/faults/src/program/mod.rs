//! The modules that are trained.

mod convolutional;
mod encoder_decoder;
mod head_first;
mod lstm;
mod recurrent;
mod towers;
mod transformer;
pub(crate) mod zoo;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// An architecture or preset of the zoo, made small.
    Zoo(&'static str),
}

impl Program {
    /// Every program that is not of the zoo.
    pub const OWN: &[Self] = &[
        Self::HeadFirst,
        Self::Towers,
        Self::EncoderDecoder,
        Self::BurnLstm,
        Self::BurnTransformer,
        Self::Convolutional,
        Self::Recurrent,
    ];

    /// Returns every program, with all architectures and presets of the zoo that differ when small.
    pub fn all() -> Vec<Self> {
        let of_zoo = zoo::names().into_iter().map(Self::Zoo);
        Self::OWN.iter().copied().chain(of_zoo).collect()
    }

    /// Returns its name, from which its half of the benchmark follows.
    pub fn name(self) -> &'static str {
        match self {
            Self::HeadFirst => "HeadFirst",
            Self::Towers => "Towers",
            Self::EncoderDecoder => "EncoderDecoder",
            Self::BurnLstm => "BurnLstm",
            Self::BurnTransformer => "BurnTransformer",
            Self::Convolutional => "Convolutional",
            Self::Recurrent => "Recurrent",
            Self::Zoo(name) => name,
        }
    }

    /// Tells whether a fault makes this program sick: small weights do not where layers are normalised,
    /// nor does anything over time where there is none.
    pub fn can_have(self, fault: Fault) -> bool {
        match fault {
            Fault::SmallWeights | Fault::LargeWeights | Fault::SickLayer | Fault::DeadBias => {
                self.is_deep_and_plain()
            }
            Fault::TiedUnits => self.is_deep_and_plain() || self == Self::Zoo("mlp"),
            Fault::Swapped => {
                matches!(self, Self::HeadFirst | Self::Towers | Self::BurnTransformer)
                    || self.name().starts_with("mlp-50")
                    || self.name().starts_with("transformer")
            }
            // Normalisation takes the scale of a batch out, and saturation bounds what it can do.
            Fault::BadBatch | Fault::InputsTooLarge => {
                matches!(self, Self::HeadFirst | Self::Towers | Self::Recurrent)
                    || matches!(self.name(), "mlp" | "mlp-50" | "irnn")
            }
            Fault::InputsTooSmall => {
                self.is_deep_and_plain() || matches!(self.name(), "mlp" | "rnn" | "irnn")
            }
            Fault::ForgetsOverTime | Fault::ExplodesOverTime => self == Self::Recurrent,
            Fault::HalfPrecision => {
                matches!(self, Self::HeadFirst | Self::Towers | Self::EncoderDecoder)
            }
            Fault::WrongActivation => {
                matches!(self.name(), "mlp" | "mlp-50" | "mlp-self-normalizing")
            }
            Fault::TooDeep => matches!(self.name(), "mlp" | "mlp-sigmoid"),
            Fault::TimeTooLong => matches!(
                self.name(),
                "rnn" | "recurrent" | "gru" | "lstm-coupled" | "lstm-peephole" | "lstm-layer-norm"
            ),
            _ => true,
        }
    }

    /// Tells whether many layers follow each other without skips or normalisation.
    fn is_deep_and_plain(self) -> bool {
        matches!(self, Self::HeadFirst | Self::Towers | Self::EncoderDecoder)
            || matches!(self.name(), "mlp-50" | "mlp-self-normalizing")
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
            Self::Zoo("mlp" | "mlp-sigmoid") => "hidden.1",
            Self::Zoo(name) if name.starts_with("mlp") => "hidden.4",
            Self::Zoo(name) if name.starts_with("resnet") || name.starts_with("plain") => {
                "blocks.1"
            }
            Self::Zoo(name) if name.starts_with("transformer") => "layers.1",
            Self::Zoo(_) => "layers.0",
        }
    }

    /// Returns a layer of the same shape as the one in the middle; it swaps weights with it.
    pub(crate) fn other(self) -> &'static str {
        match self {
            Self::HeadFirst => "hidden.7",
            Self::Towers => "left.5",
            Self::BurnTransformer => "encoder.layers.2",
            Self::Zoo(name) if name.starts_with("transformer") => "layers.2",
            _ => "hidden.7",
        }
    }
}

/// A module that classifies examples.
pub(crate) trait Classifier: Module + ModuleDisplay {
    /// # Shapes
    ///
    /// - inputs: `[batch, FEATURES]`
    /// - output: logits, `[batch, CLASSES]`
    fn logits(&self, inputs: Tensor<2>, taps: &mut Taps) -> Tensor<2>;
}

/// A classifier that is not of the zoo.
pub(crate) trait Own: Classifier {
    /// The variance of a weight times its inputs with which it trains well.
    const GAIN: f64;

    /// Creates the module; its weights are drawn afterwards.
    fn new(device: &Device) -> Self;
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
