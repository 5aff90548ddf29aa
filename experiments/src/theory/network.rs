//! The gradient of a whole network, layer by layer.

use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::{MlpConfig, Normalization, Skip};
use serde::Serialize;

use super::activation::ScalarFunction;
use super::mean_field::MeanField;
use super::normalized::{batch_norm_chi, batch_norm_residual_chi, layer_norm_chi};
use super::residual::Entering;
use super::spread::{NoSpread, Spread};

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
    /// Units of a hidden layer, where they are known: residual layers of activations with a mean depend on it.
    pub width: Option<usize>,
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
            width: Some(width),
        })
    }

    /// Predicts every layer of a network of `depth` hidden layers, whose inputs have variance 1.
    ///
    /// Residual layers without normalisation have the mean square over networks of their width, or, without
    /// one, that of infinite width: see [`MeanField::residual_factors`].
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

    /// Says what the prediction leaves out, where that matters.
    pub fn caveat(&self) -> Option<&'static str> {
        let is_bare = self.skip == Skip::Residual && self.normalization == Normalization::None;
        if !is_bare || is_odd(&self.activation) {
            return None;
        }
        Some(match self.width {
            None => {
                "This is the limit of wide layers. Activations with a mean give the gradient a direction in \
                 which it grows faster, and at a finite width that takes over with depth: add --width."
            }
            Some(_) => {
                "This is the mean over nets of the squared gradient. Activations with a mean give the \
                 gradient a direction in which it grows faster; most nets have less of it than the mean."
            }
        })
    }

    /// Returns the intervals that 95 % of networks of its width lie in; `None` without a width, or with a
    /// normalisation or a skip that they are not known for.
    pub fn spread(&self, depth: usize) -> Option<Result<Spread, NoSpread>> {
        let (field, width) = (self.field(), self.width?);
        match (self.normalization, self.skip) {
            (Normalization::None, Skip::None) => Some(field.spread(depth, width)),
            (Normalization::None, Skip::Residual) => Some(field.residual_spread(depth, width)),
            _ => None,
        }
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
            (Skip::Residual, Normalization::None) => {
                self.field().residual_factors(Entering::STANDARD, depth, self.width)
            }
        })
    }

    /// E φ(z)² of a normalised pre-activation.
    fn normalized_square(&self) -> f64 {
        MeanField::new(self.activation, 1.0, 0.0).next_variance(1.0)
    }
}

/// Tells whether φ(−x) = −φ(x), so that activations have no mean.
pub(crate) fn is_odd(activation: &impl ScalarFunction) -> bool {
    let is_odd_at = |x: f64| (activation.value(x) + activation.value(-x)).abs() < 1e-12;
    [0.0, 0.3, 1.0, 4.0].into_iter().all(is_odd_at)
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
            width: None,
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

    #[test]
    fn a_residual_relu_net_grows_as_nets_of_its_width_do_and_not_as_the_playground_refuses_to_say()
    {
        let residual = NetworkTheory { skip: Skip::Residual, ..plain(Relu, 2.0) };
        let factor = |theory: NetworkTheory| first_over_last(theory, 50).powf(1.0 / 49.0);
        assert!((factor(residual) - 2f64.sqrt()).abs() < 1e-9 && residual.caveat().is_some());
        // 1.590 [1.568, 1.611] is the geometric mean of 20 nets of width 256 (`residual-flow`), and the root mean
        // square is above it: by half of 1.27 / 49 in the logarithm, if one direction is all that counts.
        let narrow = factor(NetworkTheory { width: Some(256), ..residual });
        assert!((narrow - 1.590 * (0.5f64 * 1.27 / 49.0).exp()).abs() < 0.03, "{narrow}");
        assert_eq!(NetworkTheory { skip: Skip::Residual, ..plain(Tanh, 2.0) }.caveat(), None);
    }
}
