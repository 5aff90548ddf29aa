//! How far single networks of finite width deviate from the mean.

mod reliability;

use crate::activation::ScalarFunction;
use crate::mean_field::MeanField;
use reliability::is_reliable;

/// Mean and variance over networks of ln ‖∂L/∂h_l‖² / ‖∂L/∂h_L‖² for one example. To first order in
/// 1 / width, the distribution is normal.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct LogGain {
    /// The mean: the sum of ln χ, minus half the variance of the factors, plus the effect on χ of
    /// fluctuations in the variance of the pre-activations.
    pub mean: f64,
    /// The variance.
    pub variance: f64,
}

impl LogGain {
    /// Returns the interval of ‖∂L/∂h_l‖ / ‖∂L/∂h_L‖ that contains 95 % of networks.
    pub fn interval(self) -> (f64, f64) {
        let half = 1.96 * self.variance.sqrt();
        ((0.5 * (self.mean - half)).exp(), (0.5 * (self.mean + half)).exp())
    }
}

/// Gains by layer, to first order in 1 / width.
#[derive(Clone, Debug)]
pub(crate) struct FirstOrder {
    /// The first layer's first.
    pub(crate) gains: Vec<LogGain>,
    /// Whether higher orders are small enough for the intervals to hold about 95 % of networks.
    pub(crate) is_reliable: bool,
}

/// The effect of one layer on ln ‖δ‖² and ln q. Variances and means are in units of 1 / width.
#[derive(Clone, Copy, Debug)]
struct Layer {
    log_chi: f64,
    /// First and second derivative of ln χ by ln q.
    chi: (f64, f64),
    /// The same of ln q′ of the length map.
    length: (f64, f64),
    /// Variance of ln ‖Wᵀ D δ‖²: 2 from the Gaussian weights and 3 (κ − 1) from D, κ = E φ′⁴ / (E φ′²)².
    gradient_noise: f64,
    /// Variance of ln q′.
    length_noise: f64,
    /// Covariance of the two, which depend on the same pre-activations.
    covariance: f64,
    /// Covariance of φ² and φ′², relative to their means.
    shared: f64,
    /// W is known to map h to its pre-activations z, so it sends part of D δ back along h:
    /// E z² φ′² / E φ′² of a δ in a random direction, and (E z φ φ′)² / (E φ² E φ′²) more of one along φ(z).
    returned: (f64, f64),
}

impl<F: ScalarFunction> MeanField<F> {
    /// Returns the log gain from the last of `depth` layers to each layer, the first layer's first, for
    /// Gaussian weights and one example with as many Gaussian inputs as units, whose first pre-activations
    /// have variance `q`.
    ///
    /// # Reference
    ///
    /// For ReLU the variance is 5 Σ 1 / n and the mean −½ of it: Hanin & Nica, "Products of many large
    /// random matrices and gradients in deep neural networks", 2020, theorem 1; for linear nets 2 Σ 1 / n.
    /// For other functions there are two more terms of the same order. χ varies with q, which itself
    /// fluctuates. And the forward pass is known when the gradient comes back through the same weights, so
    /// the part that they send back along h is not random.
    ///
    /// # Panics
    ///
    /// Panics if `width` is 0.
    pub fn log_gains(&self, q: f64, depth: usize, width: usize) -> Vec<LogGain> {
        self.first_order(q, depth, width).gains
    }

    /// Returns the same, and whether the higher orders are small.
    ///
    /// # Panics
    ///
    /// Panics if `width` is 0.
    pub(crate) fn first_order(&self, q: f64, depth: usize, width: usize) -> FirstOrder {
        assert!(width > 0, "a layer has units");
        let mut layers: Vec<Layer> = Vec::with_capacity(depth);
        let mut before = (f64::NAN, f64::NAN);
        for q in self.variances(q).take(depth) {
            // The share of the layer's variance that comes from its weights; the rest comes from biases.
            let own = (1.0 - self.bias_variance() / q).max(0.0);
            let q = q.clamp(ASYMPTOTIC.0, ASYMPTOTIC.1);
            let is_settled = (q / before.0 - 1.0).abs() < 1e-13 && own == before.1;
            let last = layers.last().filter(|_| is_settled).copied();
            layers.push(last.unwrap_or_else(|| self.layer(q, own)));
            before = (q, own);
        }
        let width = width as f64;
        let gains: Vec<LogGain> =
            (1..=depth).map(|first| log_gain(&layers, first, width)).collect();
        let is_reliable = gains.first().is_none_or(|gain| is_reliable(&layers, *gain, width));
        FirstOrder { gains, is_reliable }
    }

    fn layer(&self, q: f64, own: f64) -> Layer {
        let square = self.mean(q, |value, _| value * value);
        let slope = self.mean(q, |_, slope| slope * slope);
        let moment = |f: fn(f64, f64) -> f64| self.mean(q, f);
        let derivatives = |f: &dyn Fn(f64) -> f64| {
            let step = 0.01;
            let [below, at, above] = [-step, 0.0, step].map(|by: f64| f(q * by.exp()).ln());
            ((above - below) / (2.0 * step), (above - 2.0 * at + below) / (step * step))
        };
        // The same of the next layer's.
        let next = self.weight_variance() * square / self.next_variance(q);
        let any = self.mean_with(q, |z, _, slope| (z * slope).powi(2)) / slope;
        let along = self.mean_with(q, |z, value, slope| z * value * slope).powi(2);
        let shared = moment(|v, s| (v * s).powi(2)) / (square * slope) - 1.0;
        Layer {
            log_chi: self.chi(q).ln(),
            chi: derivatives(&|q| self.chi(q)),
            length: derivatives(&|q| self.next_variance(q)),
            gradient_noise: 3.0 * moment(|_, s| s.powi(4)) / slope.powi(2) - 1.0,
            length_noise: next.powi(2) * (moment(|v, _| v.powi(4)) / square.powi(2) - 1.0),
            covariance: next * shared,
            shared,
            returned: (own * any + 1.0 - own, own * along / (square * slope)),
        }
    }
}

/// Beyond these variances relative moments no longer change, and fourth powers would leave the range of `f64`.
const ASYMPTOTIC: (f64, f64) = (1e-25, 1e70);

/// Returns the derivative of the gain from the last layer to layer `first` by ln q of each layer, and a final 0.
fn influences(layers: &[Layer], first: usize) -> Vec<f64> {
    let mut influences = vec![0.0; layers.len() + 1];
    for (index, layer) in layers.iter().enumerate().rev() {
        let own = if index >= first { layer.chi.0 } else { 0.0 };
        influences[index] = own + layer.length.0 * influences[index + 1];
    }
    influences
}

/// Returns the gain from layer L to layer `first`, through layers `first` + 1 to L (counted from 1).
fn log_gain(layers: &[Layer], first: usize, width: f64) -> LogGain {
    let passed = layers.get(first..).unwrap_or_default();
    let mut gain = LogGain { mean: 0.0, variance: 0.0 };
    // The squared share of δ along the layer's output, times the width: 1 for a random δ.
    let mut aligned = 1.0;
    for layer in passed.iter().rev() {
        let (any, along) = layer.returned;
        let returned = any + (aligned - 1.0) * along;
        gain.mean += (returned - 1.0) + (aligned - 1.0) * layer.shared;
        aligned = returned;
    }
    let influences = influences(layers, first);
    // Mean and variance of the deviation of ln q of a layer; at first that of the inputs' squares.
    let (mut drift, mut spread) = (-1.0, 2.0);
    gain.variance += spread * influences[0].powi(2);
    let mut logs = 0.0;
    for (index, layer) in layers.iter().enumerate() {
        let next = influences[index + 1];
        gain.variance += layer.length_noise * next * next;
        if index >= first {
            logs += layer.log_chi;
            let strayed = layer.chi.0 * drift + 0.5 * layer.chi.1 * spread;
            gain.mean += strayed - 0.5 * layer.gradient_noise;
            gain.variance += layer.gradient_noise + 2.0 * layer.covariance * next;
        }
        let (slope, bend) = layer.length;
        drift = slope * drift + 0.5 * bend * spread - 0.5 * layer.length_noise;
        spread = slope * slope * spread + layer.length_noise;
    }
    LogGain { mean: logs + gain.mean / width, variance: gain.variance / width }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_spec::Activation::{self, Elu, Identity, Relu, Sigmoid, Tanh};

    fn first(activation: Activation, weight_variance: f64, depth: usize) -> LogGain {
        let field = MeanField::new(activation, weight_variance, 0.0);
        field.log_gains(weight_variance, depth, 64)[0]
    }

    #[test]
    fn relu_and_linear_nets_have_their_closed_forms() {
        for (activation, variance, beta) in [(Relu, 2.0, 5.0), (Identity, 1.0, 2.0)] {
            let gain = first(activation, variance, 51);
            let expected = beta * 50.0 / 64.0;
            assert!((gain.variance / expected - 1.0).abs() < 1e-9, "{gain:?}");
            assert!((gain.mean + expected / 2.0).abs() < 1e-9, "{gain:?}");
        }
    }

    /// σw², mean and variance of ln ‖∂L/∂h_1‖² / ‖∂L/∂h_20‖² over 4,000 nets of width 64 in NumPy, drawn and
    /// multiplied out in float64; the variance's standard error is 2 %.
    const MONTE_CARLO: [(Activation, f64, f64, f64); 7] = [
        (Relu, 2.0, -0.765, 1.554),
        (Tanh, 1.0, -2.948, 0.797),
        (Tanh, 2.0, 0.973, 1.303),
        (Elu, 1.0, -3.882, 0.799),
        (Elu, 2.0, 2.187, 1.298),
        (Sigmoid, 1.0, -55.246, 0.607),
        (Sigmoid, 2.0, -44.021, 0.666),
    ];

    #[test]
    fn other_nets_agree_with_a_monte_carlo_of_nets() {
        for (activation, weight_variance, mean, variance) in MONTE_CARLO {
            let gain = first(activation, weight_variance, 20);
            // The next order is (19 / 64)² / 2 at most; the Monte Carlo adds its own errors.
            let error = (gain.variance / variance - 1.0).abs();
            assert!(error < 0.08, "{activation:?}, {weight_variance}: {gain:?}, not {variance}");
            let error = (gain.mean - mean).abs();
            assert!(error < 0.06 * variance.sqrt(), "{activation:?}: {gain:?}, not {mean}");
        }
    }

    #[test]
    fn the_last_layer_has_no_gain_and_the_interval_holds_the_median() {
        let field = MeanField::new(Tanh, 1.0, 0.0);
        let gains = field.log_gains(1.0, 10, 64);
        assert_eq!(gains[9], LogGain { mean: 0.0, variance: 0.0 });
        let (low, high) = gains[0].interval();
        let median = (0.5 * gains[0].mean).exp();
        assert!(low < median && median < high);
    }
}
