//! Gradients through residual layers without normalisation, at initialisation.

mod backward;

use crate::activation::ScalarFunction;
use crate::mean_field::MeanField;
use backward::{Gradient, Layer};

/// The input of the first residual layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entering {
    /// Mean over units.
    pub mean: f64,
    /// Mean square over units.
    pub square: f64,
}

impl Entering {
    /// Gaussian inputs of variance 1.
    pub const STANDARD: Self = Self { mean: 0.0, square: 1.0 };
}

impl<F: ScalarFunction> MeanField<F> {
    /// Returns q and the factor of the mean squared gradient norm for each of `depth` residual layers
    /// x + φ(W x + b), the first layer's first. Without a `width`, layers are infinitely wide.
    ///
    /// In the limit of wide layers the factor is 1 + χ(q). q grows quickly if activations have a mean, because
    /// the means of all branches add up.
    ///
    /// At a finite width n such a mean also changes the factor. All h then point in nearly the same direction,
    /// and Wᵀ sends part of the gradient back along h, because W is known to map h to z. Only 1/n of a random
    /// gradient's square lies in this direction, but it grows faster than the rest and dominates in deep
    /// networks. For ReLU, Euler's theorem gives the rate: δ·h is the same in all layers, while |h|² grows by
    /// 2.9 per layer under He's initialiser, so that part of |δ|² does too.
    ///
    /// # Reference
    ///
    /// Yang & Schoenholz, "Mean field residual networks: on the edge of chaos", 2017, for 1 + χ. The correction for
    /// finite widths is derived here, to first order in 1 / n, and tested on drawn networks.
    pub fn residual_factors(
        &self,
        entering: Entering,
        depth: usize,
        width: Option<usize>,
    ) -> Vec<(f64, f64)> {
        let layers = self.residual_layers(entering, depth);
        let width = width.filter(|_| layers.iter().any(|layer| layer.value.abs() > 1e-9));
        let Some(width) = width.map(|width| width as f64) else {
            let factor = |layer: &Layer| 1.0 + self.weight_variance() * layer.squared_slope;
            return layers.iter().map(|layer| (layer.variance, factor(layer))).collect();
        };
        let along = [0.0, 0.0, 1.0 / width];
        let mut gradient = Gradient { square: 1.0, along, tied: [0.0; 2] };
        let step = |layer: &Layer| {
            gradient = layer.backward(&gradient, self.weight_variance(), width);
            // Only ratios matter. Rescaling keeps them from overflowing.
            let factor = gradient.square;
            let scaled = |values: [f64; 3]| values.map(|value| value / factor);
            gradient = Gradient {
                square: 1.0,
                along: scaled(gradient.along),
                tied: gradient.tied.map(|value| value / factor),
            };
            (layer.variance, factor)
        };
        let mut factors: Vec<(f64, f64)> = layers.iter().rev().map(step).collect();
        factors.reverse();
        factors
    }

    fn residual_layers(&self, entering: Entering, depth: usize) -> Vec<Layer> {
        let Entering { mut mean, mut square } = entering;
        let layer = |_| {
            let weighted = self.weight_variance() * square;
            let variance = weighted + self.bias_variance();
            // Given z, the mean of y is this share of it; the rest of y is independent of z.
            let own = if variance > 0.0 { weighted / variance } else { 0.0 };
            let shared = own * variance.sqrt();
            let mean_of = |f: fn(f64, f64, f64) -> f64| self.mean_with(variance, f);
            let squared_slope = mean_of(|_, _, slope| slope * slope);
            let layer = Layer {
                mean,
                square,
                variance,
                value: mean_of(|_, value, _| value),
                squared_value: mean_of(|_, value, _| value * value),
                squared_slope,
                value_slopes: mean_of(|_, value, slope| value * slope * slope),
                squared_value_slopes: mean_of(|_, value, slope| (value * slope).powi(2)),
                returned: shared * mean_of(|z, _, slope| z * slope),
                returned_value: shared * mean_of(|z, value, slope| z * value * slope),
                squared_returned: shared * shared * mean_of(|z, _, slope| (z * slope).powi(2))
                    + (1.0 - own) * weighted * squared_slope,
            };
            square += 2.0 * mean * layer.value + layer.squared_value;
            mean += layer.value;
            layer
        };
        (0..depth).map(layer).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn_nets::DrawnNets;
    use backdraft_spec::Activation::{self, Identity, Relu, Tanh};

    fn log_gain(field: &MeanField, depth: usize, width: Option<usize>) -> f64 {
        let factors = field.residual_factors(Entering::STANDARD, depth, width);
        factors.iter().skip(1).map(|(_, factor)| factor.ln()).sum()
    }

    #[test]
    fn wide_layers_and_odd_activations_add_one_to_chi() {
        let doubled = log_gain(&MeanField::new(Identity, 1.0, 0.0), 21, Some(64));
        assert!((doubled - 20.0 * 2f64.ln()).abs() < 1e-9, "{doubled}");
        let relu = MeanField::new(Relu, 2.0, 0.0);
        assert!((log_gain(&relu, 21, None) - 20.0 * 2f64.ln()).abs() < 1e-9);
        let wide = log_gain(&relu, 21, Some(1 << 40));
        assert!((wide - 20.0 * 2f64.ln()).abs() < 1e-6, "{wide}");
        let tanh = MeanField::new(Tanh, 2.0, 0.1);
        assert_eq!(log_gain(&tanh, 20, None), log_gain(&tanh, 20, Some(64)));
    }

    #[test]
    fn deep_relu_layers_of_finite_width_come_to_grow_by_2_9() {
        // |h|² grows by r = 2 + 2 √(c / π) a layer, with the share c = 1 / (π (√r − 1)²) of its mean.
        let factors =
            MeanField::new(Relu, 2.0, 0.0).residual_factors(Entering::STANDARD, 100, Some(8_192));
        let growth = |ratio: f64| 2.0 + 2.0 / (std::f64::consts::PI * (ratio.sqrt() - 1.0));
        let ratio = (0..200).fold(2.5, |ratio, _| f64::midpoint(ratio, growth(ratio)));
        assert!((factors[60].1 / ratio - 1.0).abs() < 1e-3, "{}, not {ratio}", factors[60].1);
    }

    /// Mean of the squared gain over nets and its relative standard error.
    fn drawn(field: &MeanField, depth: usize, width: usize, count: u64) -> (f64, f64) {
        let nets = DrawnNets { field, width, depth, is_residual: true };
        let squares: Vec<f64> =
            (0..count).map(|seed| (2.0 * nets.log_gains(seed)[0]).exp()).collect();
        let mean = squares.iter().sum::<f64>() / count as f64;
        let variance = squares.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count as f64;
        (mean, (variance / count as f64).sqrt() / mean)
    }

    #[test]
    fn nets_of_every_activation_have_the_mean_square_that_is_predicted() {
        let settings = match std::env::var("BACKDRAFT_SPREADS") {
            Ok(_) => vec![(1.0, 0.0, 20), (2.0, 0.0, 40), (0.5, 0.3, 20), (4.0, 0.1, 20)],
            Err(_) => vec![(2.0, 0.1, 16)],
        };
        for activation in Activation::ALL {
            for (weight_variance, bias_variance, depth) in settings.iter().copied() {
                let field = MeanField::new(*activation, weight_variance, bias_variance);
                let (width, count) = (128, 300);
                let (mean, error) = drawn(&field, depth, width, count);
                let predicted = log_gain(&field, depth, Some(width));
                let told = format!(
                    "{activation:?} {weight_variance}: {predicted}, not {} ± {error}",
                    mean.ln()
                );
                // Three standard errors, of which the estimate is itself uncertain where tails are heavy, and
                // the next order in depth / width.
                let allowed = 3.0 * error + 0.05 + 3.0 * depth as f64 / width as f64 * 0.3;
                assert!((predicted - mean.ln()).abs() < allowed, "{told}");
            }
        }
    }
}
