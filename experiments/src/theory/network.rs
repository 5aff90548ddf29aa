//! The gradient of a whole network, layer by layer.

use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::{MlpConfig, Normalization, Skip};
use serde::Serialize;

use super::mean_field::MeanField;
use super::normalized::{batch_norm_chi, batch_norm_residual_chi, layer_norm_chi, residual_chi};

/// A fully connected network of equal widths, at initialisation and in the limit of wide layers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetworkTheory {
    /// Of every hidden layer.
    pub activation: Activation,
    /// σw².
    pub weight_variance: f64,
    /// σb².
    pub bias_variance: f64,
    /// Of the pre-activations; batch normalisation over a large batch.
    pub normalization: Normalization,
    /// Around every hidden layer.
    pub skip: Skip,
}

/// What the theory says of one hidden layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LayerTheory {
    /// Counted from 1.
    pub layer: usize,
    /// q, the variance of the pre-activations, before any normalisation.
    pub variance: f64,
    /// χ: the factor of the squared gradient norm through this layer.
    pub chi: f64,
    /// ln of ‖∂L/∂h_l‖ over that of the last layer.
    pub log_gradient_norm: f64,
}

impl LayerTheory {
    /// Returns ‖∂L/∂h_l‖ over that of the last layer.
    pub fn gradient_norm(&self) -> f64 {
        self.log_gradient_norm.exp()
    }
}

/// A combination that there is no formula for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTheory {
    /// The gates multiply the gradient by a random matrix of their own.
    #[error("there is no formula for highway layers; for `none`, `residual` and `rezero` there is")]
    Highway,
    /// Layer normalisation beside a skip.
    #[error("there is no formula for layer normalisation with residual layers; drop one of them")]
    LayerNormResidual,
    /// Weights that are all the same.
    #[error("there is no formula for weights that are not drawn at random with mean zero")]
    NotRandom,
}

impl NetworkTheory {
    /// Returns the theory of a configured network, as wide as it is, whose inputs are as many as its
    /// units.
    ///
    /// # Errors
    ///
    /// [`NoTheory::NotRandom`]; [`layers`](Self::layers) tells of the others.
    pub fn of(config: &MlpConfig) -> Result<Self, NoTheory> {
        let MlpConfig { width, initializer, .. } = *config;
        if !is_random(initializer) {
            return Err(NoTheory::NotRandom);
        }
        Ok(Self {
            activation: config.activation,
            weight_variance: initializer.weight_variance(width, width) * width as f64,
            bias_variance: config.bias_variance,
            normalization: config.normalization,
            skip: config.skip,
        })
    }

    /// Predicts every layer of a network of `depth` hidden layers, whose inputs have variance 1.
    ///
    /// A residual layer without normalisation counts as if its branch and its skip were independent,
    /// which they are for odd activations (Yang & Schoenholz, "Mean field residual networks: on the edge
    /// of chaos", 2017); where activations have a mean, its gradients grow faster.
    ///
    /// # Errors
    ///
    /// [`NoTheory`] for a combination that has no formula.
    pub fn layers(&self, depth: usize) -> Result<Vec<LayerTheory>, NoTheory> {
        let squares = self.squares(depth)?;
        let mut log_gradient_norm = 0.0;
        let mut layers: Vec<LayerTheory> = squares
            .into_iter()
            .enumerate()
            .rev()
            .map(|(index, (variance, chi))| {
                let layer = LayerTheory { layer: index + 1, variance, chi, log_gradient_norm };
                log_gradient_norm += 0.5 * chi.ln();
                layer
            })
            .collect();
        layers.reverse();
        Ok(layers)
    }

    /// Returns the mean-field theory of its layers without normalisation and skips; `None` with either.
    pub fn plain(&self) -> Option<MeanField> {
        let is_plain = self.normalization == Normalization::None && self.skip == Skip::None;
        is_plain.then(|| self.field())
    }

    /// Returns the variance of the first pre-activations.
    pub fn first_variance(&self) -> f64 {
        self.weight_variance + self.bias_variance
    }

    fn field(&self) -> MeanField {
        MeanField::new(self.activation, self.weight_variance, self.bias_variance)
    }

    /// q and χ of each layer.
    fn squares(&self, depth: usize) -> Result<Vec<(f64, f64)>, NoTheory> {
        let activation = &self.activation;
        let weights = |square: f64| self.weight_variance * square + self.bias_variance;
        let constant = |chi: f64| {
            let square = self.normalized_square();
            let first = std::iter::once(self.first_variance());
            let variances = first.chain(std::iter::repeat(weights(square)));
            variances.take(depth).map(|variance| (variance, chi)).collect()
        };
        Ok(match (self.skip, self.normalization) {
            (Skip::Highway(_), _) => return Err(NoTheory::Highway),
            (Skip::Residual, Normalization::Layer) => return Err(NoTheory::LayerNormResidual),
            // The branch is multiplied by zero.
            (Skip::Rezero, _) => vec![(self.first_variance(), 1.0); depth],
            (Skip::None, Normalization::Batch) => constant(batch_norm_chi(activation)),
            (Skip::None, Normalization::Layer) => constant(layer_norm_chi(activation)),
            (Skip::None, Normalization::None) => {
                let field = self.field();
                field
                    .variances(self.first_variance())
                    .take(depth)
                    .map(|q| (q, field.chi(q)))
                    .collect()
            }
            (Skip::Residual, Normalization::Batch) => {
                let square = self.normalized_square();
                let chis = batch_norm_residual_chi(activation, 1.0, depth).into_iter().enumerate();
                chis.map(|(layer, chi)| (weights(1.0 + layer as f64 * square), chi)).collect()
            }
            (Skip::Residual, Normalization::None) => residual_chi(&self.field(), 1.0, depth),
        })
    }

    /// E φ(z)² of a normalised pre-activation.
    fn normalized_square(&self) -> f64 {
        MeanField::new(self.activation, 1.0, 0.0).next_variance(1.0)
    }
}

/// Tells whether weights are drawn with mean zero, independently or orthogonal: what the derivations
/// are for.
pub(crate) fn is_random(initializer: Initializer) -> bool {
    !matches!(initializer, Initializer::Zeros | Initializer::Constant(_) | Initializer::Identity(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_layers::Activation::{Identity, Relu, Tanh};

    fn plain(activation: Activation, weight_variance: f64) -> NetworkTheory {
        NetworkTheory {
            activation,
            weight_variance,
            bias_variance: 0.0,
            normalization: Normalization::None,
            skip: Skip::None,
        }
    }

    fn first_over_last(theory: NetworkTheory, depth: usize) -> f64 {
        theory.layers(depth).unwrap()[0].gradient_norm()
    }

    #[test]
    fn xavier_halves_a_relu_nets_squared_gradient_and_he_keeps_it() {
        let half = first_over_last(plain(Relu, 1.0), 11);
        assert!((half / 0.5f64.powi(5) - 1.0).abs() < 1e-9, "ten layers, {half}");
        assert!((first_over_last(plain(Relu, 2.0), 11) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn critical_tanh_decays_algebraically() {
        // The product of χ over layers 1 to 100, from q₀ = 1: ~0.71 / 100.
        let theory = plain(Tanh, 1.0).layers(100).unwrap();
        let product: f64 = theory.iter().map(|layer| layer.chi).product();
        assert!((product / 0.007_13 - 1.0).abs() < 0.01, "{product}");
    }

    #[test]
    fn skips_add_one_to_each_layers_factor() {
        let residual = NetworkTheory { skip: Skip::Residual, ..plain(Identity, 1.0) };
        assert!((first_over_last(residual, 21) / 2f64.powi(10) - 1.0).abs() < 1e-9);
        let rezero = NetworkTheory { skip: Skip::Rezero, ..plain(Relu, 0.1) };
        assert_eq!(first_over_last(rezero, 1_000), 1.0);
        let highway = NetworkTheory { skip: Skip::Highway(-2.0), ..plain(Relu, 0.1) };
        assert_eq!(highway.layers(3), Err(NoTheory::Highway));
    }
}
