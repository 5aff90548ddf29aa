//! Configuration of a transformer encoder.

use backdraft_layers::{
    Initializer, InitializerExt, InvalidField, LinearInit, WeightRng, weight_rng,
};
use burn::module::Param;
use burn::nn::{LayerNorm, LayerNormConfig};
use burn::tensor::{Device, TensorData};
use serde::{Deserialize, Serialize};

use crate::attention::Attention;
use crate::layer::TransformerLayer;
use crate::transformer::Transformer;

/// Largest number that is accepted. Larger ones are taken for typing errors.
const MAX_LAYERS: usize = 1_000;
/// Standard deviation of the initial position embeddings, as in BERT.
const POSITION_DEVIATION: f64 = 0.02;

/// The position of a sublayer's layer normalisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NormOrder {
    /// After the addition: x ← LN(x + F(x)) (Vaswani et al. 2017).
    Post,
    /// Before the sublayer: x ← x + F(LN(x)), and again at the end (Xiong et al. 2020).
    #[default]
    Pre,
}

/// Describes a [`Transformer`].
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `inputs` | 8 | features of a position | 1 to 65,536 |
/// | `outputs` | 10 | outputs of the head | 1 to 65,536 |
/// | `length` | 16 | positions | 1 to 65,536 |
/// | `width` | 64 | width of the representations | 1 to 65,536 |
/// | `heads` | 4 | heads of the attention | a divisor of `width` |
/// | `feedforward` | 256 | hidden units of the second sublayer | 1 to 65,536 |
/// | `layers` | 4 | layers, of two sublayers each | 1 to 1,000 |
/// | `norm` | `pre` | position of the normalisation | [`NormOrder`] |
/// | `initializer` | `xavier_uniform` | of all matrices | [`Initializer`] |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransformerConfig {
    /// Features of a position.
    pub inputs: usize,
    /// Outputs of the head.
    pub outputs: usize,
    /// Positions.
    pub length: usize,
    /// Width of the representations.
    pub width: usize,
    /// Heads of the attention.
    pub heads: usize,
    /// Hidden units of the second sublayer.
    pub feedforward: usize,
    /// Number of layers.
    pub layers: usize,
    /// Position of the layer normalisation.
    pub norm: NormOrder,
    /// Initialiser of all matrices.
    pub initializer: Initializer,
}

impl Default for TransformerConfig {
    fn default() -> Self {
        Self {
            inputs: 8,
            outputs: 10,
            length: 16,
            width: 64,
            heads: 4,
            feedforward: 256,
            layers: 4,
            norm: NormOrder::Pre,
            initializer: Initializer::XavierUniform,
        }
    }
}

impl TransformerConfig {
    /// Creates the encoder on `device`, with weights drawn from `seed`.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] naming the first field that is out of range.
    pub fn try_init(&self, seed: u64, device: &Device) -> Result<Transformer, InvalidField> {
        self.validate()?;
        let mut rng = weight_rng(seed);
        let linear = self.linear();
        let embedding = linear.init(self.inputs, self.width, &mut rng, device);
        let position = Initializer::Normal(POSITION_DEVIATION);
        let position = position.draw(self.length, self.width, &mut rng);
        let position = TensorData::new(position, [self.length, self.width]);
        let layers = (0..self.layers).map(|_| self.layer(&mut rng, device)).collect();
        Ok(Transformer {
            embedding,
            position: Param::from_data(position, device),
            layers,
            norm: (self.norm == NormOrder::Pre).then(|| self.norm(device)),
            head: linear.init(self.width, self.outputs, &mut rng, device),
        })
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
            ("length", self.length),
            ("width", self.width),
            ("heads", self.heads),
            ("feedforward", self.feedforward),
        ])?;
        InvalidField::unless_in(1..=MAX_LAYERS, "layers", self.layers)?;
        if !self.width.is_multiple_of(self.heads) {
            return Err(InvalidField::new("heads", self.heads, "it must divide `width`"));
        }
        self.initializer.validate("initializer")
    }

    /// Returns the number of learned parameters, by formula.
    pub fn num_learned(&self) -> usize {
        let (width, norm) = (self.width, 2 * self.width);
        let attention = 3 * (width + 1) * width + width * width;
        let feedforward = (width + 1) * self.feedforward + (self.feedforward + 1) * width;
        let last_norm = if self.norm == NormOrder::Pre { norm } else { 0 };
        (self.inputs + 1 + self.length) * width
            + self.layers * (attention + feedforward + 2 * norm)
            + last_norm
            + (width + 1) * self.outputs
    }

    fn linear(&self) -> LinearInit {
        LinearInit { weight: self.initializer, bias_variance: Some(0.0) }
    }

    fn norm(&self, device: &Device) -> LayerNorm {
        LayerNormConfig::new(self.width).init(device)
    }

    fn layer(&self, rng: &mut WeightRng, device: &Device) -> TransformerLayer {
        let (width, linear) = (self.width, self.linear());
        let attention = Attention {
            query: linear.init(width, width, rng, device),
            key: LinearInit { bias_variance: None, ..linear }.init(width, width, rng, device),
            value: linear.init(width, width, rng, device),
            output: linear.init(width, width, rng, device),
            heads: self.heads,
        };
        TransformerLayer {
            attention,
            norm1: self.norm(device),
            expand: linear.init(width, self.feedforward, rng, device),
            contract: linear.init(self.feedforward, width, rng, device),
            norm2: self.norm(device),
            order: self.norm,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_fields_are_refused_by_name() {
        let refused = |config: TransformerConfig| config.validate().unwrap_err().field;
        let config = TransformerConfig::default;
        assert_eq!(refused(TransformerConfig { heads: 5, ..config() }), "heads");
        assert_eq!(refused(TransformerConfig { layers: 0, ..config() }), "layers");
    }
}
