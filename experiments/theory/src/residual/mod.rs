//! Gradients through residual layers without normalisation, at initialisation.

use crate::activation::ScalarFunction;
use crate::mean_field::MeanField;

/// What enters the first residual layer: the mean over units, and the mean of squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entering {
    /// Mean over units.
    pub mean: f64,
    /// Mean square over units.
    pub square: f64,
}

impl Entering {
    /// What Gaussian inputs of variance 1 are.
    pub const STANDARD: Self = Self { mean: 0.0, square: 1.0 };
}

/// One residual layer h + φ(z), z = W h + b, as the forward pass meets it; y = W h.
struct Layer {
    /// Mean and mean square over units of its input h.
    mean: f64,
    square: f64,
    /// Variance of z.
    variance: f64,
    /// E φ, E φ², E φ′².
    value: f64,
    squared_value: f64,
    squared_slope: f64,
    /// E φ φ′² and E φ² φ′².
    value_slopes: f64,
    squared_value_slopes: f64,
    /// E y φ′, E y φ φ′, E y² φ′²: what Wᵀ sends of φ′(z) back along h.
    returned: f64,
    returned_value: f64,
    squared_returned: f64,
}

/// Second moments, over networks, of the gradient δ = α h + β 1 + (what is isotropic) per unit.
#[derive(Clone, Copy)]
struct Gradient {
    /// E |δ|² / n.
    square: f64,
    /// E α², E α β, E β².
    along: [f64; 3],
    /// What ties α and β to the parts of h that later layers have yet to be told of: the isotropic part of
    /// each layer's gradient is orthogonal to its h, which these layers are a part of.
    tied: [f64; 2],
}

impl<F: ScalarFunction> MeanField<F> {
    /// Returns q and the factor of the mean squared gradient norm of each of `depth` residual layers
    /// x + φ(W x + b), the first layer's first; for layers of infinite width if no `width` is given.
    ///
    /// In the limit of wide layers the factor is 1 + χ(q), with a q that grows by the square of the mean of
    /// activations, which adds up from layer to layer. At a finite width n, activations with a mean change
    /// that: all h point in much the same direction, and Wᵀ, having made z of h, sends the gradient back along it.
    /// Of a random gradient one n-th lies there, but this part grows faster than the rest, and in deep nets it is
    /// what arrives. (For ReLU δ·h is the same in all layers, by Euler's theorem, while |h|² grows by 2.9 a
    /// layer under He's initialiser, so that this part of |δ|² does too.)
    ///
    /// # Reference
    ///
    /// Yang & Schoenholz, "Mean field residual networks: on the edge of chaos", 2017, for 1 + χ. The correction is
    /// derived here, to first order in 1 / n of what grows, and held against drawn networks.
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
            // Only ratios matter; so nothing overflows.
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
            // Given z, y is this share of it, and the rest is as random as the biases.
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

impl Layer {
    /// From the gradient with respect to the output h′ = h + φ(z) to that with respect to the input:
    /// δ + h (y·v) / |h|² + σw |v| g⊥, v = φ′(z) δ.
    fn backward(&self, gradient: &Gradient, weight_variance: f64, width: f64) -> Gradient {
        let Self { mean, square, value, returned, .. } = *self;
        let [aa, ab, bb] = gradient.along;
        let [tied_a, tied_b] = gradient.tied;
        // (y·v) / n = r α + k β + ξ, with a ξ that is random but for its tie to α and β.
        let (r, k) = (mean * returned + self.returned_value, returned);
        let noise = (self.squared_returned - k * k) * gradient.square / width;
        let tie = (self.returned_value - k * value) / width;
        let (noise_a, noise_b) = (-tied_a * tie, -tied_b * tie);
        // δ·h / n = s α + mean β + ζ, and ζ is tied to them by how far h is from its mean.
        let s = square + mean * value;
        let far = (square - mean * mean) / width;
        let (far_a, far_b) = (-tied_a * far, -tied_b * far);
        let returned_square =
            r * r * aa + 2.0 * r * k * ab + k * k * bb + noise + 2.0 * (r * noise_a + k * noise_b);
        let with_skip = s * r * aa
            + (s * k + mean * r) * ab
            + mean * k * bb
            + s * noise_a
            + mean * noise_b
            + r * far_a
            + k * far_b;
        let fresh = weight_variance * self.slopes_of(gradient);
        // α ← α + (r α + k β + ξ) / |h|², β ← β + α E φ, and g⊥, which is isotropic but for h.
        let (a_of_a, a_of_b) = (1.0 + r / square, k / square);
        let per_unit = fresh / width;
        let along = [
            a_of_a * a_of_a * aa
                + 2.0 * a_of_a * a_of_b * ab
                + a_of_b * a_of_b * bb
                + (noise / square + 2.0 * (a_of_a * noise_a + a_of_b * noise_b) + per_unit)
                    / square,
            a_of_a * value * aa
                + (a_of_a + a_of_b * value) * ab
                + a_of_b * bb
                + (value * noise_a + noise_b - per_unit * mean) / square,
            value * value * aa + 2.0 * value * ab + bb + per_unit,
        ];
        Gradient {
            square: gradient.square
                + (2.0 * with_skip + returned_square) / square
                + fresh * (1.0 - 1.0 / width),
            along,
            tied: [a_of_a * tied_a + a_of_b * tied_b + fresh / square, value * tied_a + tied_b],
        }
    }

    /// E |v|² / n.
    fn slopes_of(&self, gradient: &Gradient) -> f64 {
        let Self { mean, square, value, squared_slope, value_slopes, .. } = *self;
        let [aa, ab, bb] = gradient.along;
        let output = square + 2.0 * mean * value + self.squared_value;
        let isotropic = gradient.square - (aa * output + 2.0 * ab * (mean + value) + bb);
        let sloped = square * squared_slope + 2.0 * mean * value_slopes + self.squared_value_slopes;
        isotropic * squared_slope
            + aa * sloped
            + 2.0 * ab * (mean * squared_slope + value_slopes)
            + bb * squared_slope
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
                // Three standard errors; the next order, a layer's noise over the width; and what is said of a
                // mean whose error is itself estimated from heavy tails.
                let allowed = 3.0 * error + 0.05 + 3.0 * depth as f64 / width as f64 * 0.3;
                assert!((predicted - mean.ln()).abs() < allowed, "{told}");
            }
        }
    }
}
