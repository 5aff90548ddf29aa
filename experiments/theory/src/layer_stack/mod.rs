//! Fully connected networks of equal layers.

mod prediction;

use backdraft_spec::{Activation, Initializer, Normalization, Skip};

use crate::inputs::Inputs;
use crate::mean_field::MeanField;
use crate::spread::{NoSpread, Spread};

/// A fully connected network of equal hidden layers, at initialisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerStack {
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// How weights are drawn.
    pub initializer: Initializer,
    /// Factor that all weight matrices are multiplied by.
    pub gain: f64,
    /// σb².
    pub bias_variance: f64,
    /// Normalisation of the pre-activations; batch normalisation is over a large batch.
    pub normalization: Normalization,
    /// Connection around each hidden layer whose input is as wide as its output.
    pub skip: Skip,
    /// Number of hidden layers.
    pub depth: usize,
    /// Units of a hidden layer; `None` for the limit of wide layers.
    pub width: Option<usize>,
    /// Inputs of the first layer; `None` for Gaussian features of variance 1, as many as units.
    pub inputs: Option<Inputs>,
}

impl LayerStack {
    /// Creates a stack without normalisation, skips and biases, in the limit of wide layers, with Gaussian inputs
    /// of variance 1.
    pub fn new(activation: Activation, initializer: Initializer, depth: usize) -> Self {
        Self {
            activation,
            initializer,
            gain: 1.0,
            bias_variance: 0.0,
            normalization: Normalization::None,
            skip: Skip::None,
            depth,
            width: None,
            inputs: None,
        }
    }

    /// Sets the width.
    pub fn with_width(self, width: usize) -> Self {
        Self { width: Some(width), ..self }
    }

    /// Sets the normalisation.
    pub fn with_normalization(self, normalization: Normalization) -> Self {
        Self { normalization, ..self }
    }

    /// Sets the skip.
    pub fn with_skip(self, skip: Skip) -> Self {
        Self { skip, ..self }
    }

    /// Returns σw², the variance of the weights between hidden layers times their fan-in.
    pub fn weight_variance(&self) -> f64 {
        let units = self.units();
        self.gain.powi(2) * self.initializer.weight_variance(units, units) * units as f64
    }

    /// Returns the variance of the first pre-activations.
    pub fn first_variance(&self) -> f64 {
        let inputs = self.inputs();
        let weight = self.initializer.weight_variance(inputs.count, self.units());
        self.gain.powi(2) * weight * inputs.square + self.bias_variance
    }

    /// Returns the mean-field theory of its layers without normalisation and skips; `None` with either.
    pub fn plain(&self) -> Option<MeanField> {
        let is_plain = self.normalization == Normalization::None && self.skip == Skip::None;
        is_plain.then(|| self.field())
    }

    /// Returns the intervals that contain 95 % of networks of this width, with Gaussian inputs of variance 1 and as
    /// many as units.
    ///
    /// # Errors
    ///
    /// [`NoSpread`] without a width, or for a network whose intervals are not known.
    pub fn spread(&self) -> Result<Spread, NoSpread> {
        let Some(width) = self.width else { return Err(NoSpread::NoWidth) };
        if matches!(self.initializer, Initializer::Orthogonal(_)) {
            return Err(NoSpread::Orthogonal);
        }
        if !self.initializer.is_random() {
            return Err(NoSpread::Unknown);
        }
        match (self.normalization, self.skip) {
            (Normalization::None, Skip::None) => self.field().spread(self.depth, width),
            (Normalization::None, Skip::Residual) => {
                self.field().residual_spread(self.depth, width)
            }
            _ => Err(NoSpread::Unknown),
        }
    }

    fn field(&self) -> MeanField {
        MeanField::new(self.activation, self.weight_variance(), self.bias_variance)
    }

    /// Units of a layer. For infinitely wide layers only the ratio to the inputs matters.
    fn units(&self) -> usize {
        self.width.or(self.inputs.map(|inputs| inputs.count)).unwrap_or(1)
    }

    fn inputs(&self) -> Inputs {
        self.inputs.unwrap_or_else(|| Inputs::gaussian(self.units()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_net_without_a_known_interval_says_why() {
        let stack = LayerStack::new(Activation::Relu, Initializer::HeNormal, 5);
        assert_eq!(stack.spread(), Err(NoSpread::NoWidth));
        let orthogonal =
            LayerStack::new(Activation::Relu, Initializer::Orthogonal(1.0), 5).with_width(8);
        assert_eq!(orthogonal.spread(), Err(NoSpread::Orthogonal));
        let normalized = stack.with_width(8).with_normalization(Normalization::Batch);
        assert_eq!(normalized.spread(), Err(NoSpread::Unknown));
    }
}
