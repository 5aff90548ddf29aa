//! Configuration of a fully connected network.

use backdraft_layers::{
    Activation, ActivationLayer, Initializer, InvalidField, LinearInit, weight_rng,
};
use backdraft_spec::{Normalization, Skip};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::block::Block;
use crate::mlp::Mlp;
use crate::normalization::NormalizationLayer;
use crate::skip::{SkipLayer, num_learned};

/// Largest depth that is accepted. Larger ones are taken for typing errors.
const MAX_DEPTH: usize = 10_000;

/// Describes an [`Mlp`].
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `inputs` | 100 | features of an example | 1 to 65,536 |
/// | `outputs` | 1 | outputs of the head, without activation | 1 to 65,536 |
/// | `depth` | 3 | hidden layers | 1 to 10,000 |
/// | `width` | 64 | units of a hidden layer | 1 to 65,536 |
/// | `activation` | `relu` | activation of the hidden layers | [`Activation`] |
/// | `initializer` | `xavier_uniform` | of all weights, including the head's | [`Initializer`] |
/// | `bias_variance` | 0 | σb² of the Gaussian initial biases | ≥ 0 |
/// | `normalization` | `none` | normalisation of pre-activations | [`Normalization`] |
/// | `skip` | `none` | connection around each hidden layer | [`Skip`] |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MlpConfig {
    /// Features of an example.
    pub inputs: usize,
    /// Outputs of the head.
    pub outputs: usize,
    /// Number of hidden layers.
    pub depth: usize,
    /// Units of each hidden layer.
    pub width: usize,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Initialiser of all weights.
    pub initializer: Initializer,
    /// Variance σb² of the initial biases.
    pub bias_variance: f64,
    /// Normalisation of the pre-activations.
    pub normalization: Normalization,
    /// Connections around hidden layers.
    pub skip: Skip,
}

/// The network of the Keras tutorials: 100 → 64 → 64 → 64 → 1.
impl Default for MlpConfig {
    fn default() -> Self {
        Self {
            inputs: 100,
            outputs: 1,
            depth: 3,
            width: 64,
            activation: Activation::Relu,
            initializer: Initializer::XavierUniform,
            bias_variance: 0.0,
            normalization: Normalization::None,
            skip: Skip::None,
        }
    }
}

impl MlpConfig {
    /// Creates the network on `device`, with weights drawn from `seed`.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] naming the first field that is out of range.
    pub fn try_init(&self, seed: u64, device: &Device) -> Result<Mlp, InvalidField> {
        self.validate()?;
        Ok(self.build(seed, device))
    }

    /// Creates the network on `device`, with weights drawn from `seed`.
    ///
    /// # Panics
    ///
    /// Panics if the configuration is not [valid](Self::validate).
    #[expect(clippy::panic, reason = "the panicking twin of `try_init`")]
    pub fn init(&self, seed: u64, device: &Device) -> Mlp {
        match self.try_init(seed, device) {
            Ok(mlp) => mlp,
            Err(error) => panic!("{error}"),
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] naming the first field that is out of range.
    pub fn validate(&self) -> Result<(), InvalidField> {
        InvalidField::unless_sizes([
            ("inputs", self.inputs),
            ("outputs", self.outputs),
            ("width", self.width),
        ])?;
        InvalidField::unless_in(1..=MAX_DEPTH, "depth", self.depth)?;
        if !(self.bias_variance.is_finite() && self.bias_variance >= 0.0) {
            let requirement = "a variance is 0 or positive";
            return Err(InvalidField::new("bias_variance", self.bias_variance, requirement));
        }
        self.skip.validate("skip")?;
        self.initializer.validate("initializer")
    }

    /// Returns the number of learned parameters, by formula. Burn's `num_params` also counts the
    /// running statistics of batch normalisation.
    pub fn num_learned(&self) -> usize {
        let slope = usize::from(self.activation == Activation::Prelu);
        let gain_and_shift = match self.normalization {
            Normalization::None => 0,
            Normalization::Batch | Normalization::Layer => 2 * self.width,
        };
        let hidden = |inputs: usize| {
            let skip = num_learned(self.skip, inputs, self.width);
            (inputs + 1) * self.width + gain_and_shift + slope + skip
        };
        hidden(self.inputs)
            + (self.depth - 1) * hidden(self.width)
            + (self.width + 1) * self.outputs
    }

    fn build(&self, seed: u64, device: &Device) -> Mlp {
        let mut rng = weight_rng(seed);
        let init = LinearInit { weight: self.initializer, bias_variance: Some(self.bias_variance) };
        let hidden = (0..self.depth).map(|layer| {
            let inputs = if layer == 0 { self.inputs } else { self.width };
            Block {
                linear: init.init(inputs, self.width, &mut rng, device),
                normalization: NormalizationLayer::new(self.normalization, self.width, device),
                activation: ActivationLayer::new(self.activation, device),
                skip: SkipLayer::new(
                    self.skip,
                    inputs,
                    self.width,
                    self.initializer,
                    &mut rng,
                    device,
                ),
            }
        });
        let hidden = hidden.collect();
        Mlp { hidden, head: init.init(self.width, self.outputs, &mut rng, device) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_fields_are_refused_by_name() {
        let refused = |config: MlpConfig| config.validate().unwrap_err().field;
        assert_eq!(refused(MlpConfig { depth: 0, ..Default::default() }), "depth");
        assert_eq!(refused(MlpConfig { width: 1 << 20, ..Default::default() }), "width");
        assert_eq!(
            refused(MlpConfig { bias_variance: -1.0, ..Default::default() }),
            "bias_variance"
        );
        let initializer = Initializer::Normal(f64::INFINITY);
        assert_eq!(refused(MlpConfig { initializer, ..Default::default() }), "initializer");
    }

    #[test]
    fn unknown_fields_are_refused() {
        let error = serde_json::from_str::<MlpConfig>("{\"dept\": 3}").unwrap_err();
        assert!(error.to_string().contains("dept"), "{error}");
    }
}
