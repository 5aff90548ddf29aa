//! Random draws of single networks of finite width, without their weight matrices.

use chacha20::ChaCha8Rng;
use rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

use crate::activation::ScalarFunction;
use crate::mean_field::MeanField;

/// Nets with Gaussian weights, each seeing one example whose inputs are Gaussian with variance 1.
///
/// Given the input h of a layer, its pre-activations z = W h + b are independent Gaussians. And given z, the
/// backward pass meets a W that is known along h and still Gaussian across it: Wᵀ v = h (z − b)·v / |h|² +
/// σw |v| / √n · g with a Gaussian vector g ⊥ h. So a net's gains are drawn from their exact distribution, at
/// any width and depth, in time proportional to width × depth instead of width² × depth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DrawnNets<'a, F> {
    pub(crate) field: &'a MeanField<F>,
    pub(crate) width: usize,
    pub(crate) depth: usize,
    /// Whether each layer adds its input to its output.
    pub(crate) is_residual: bool,
}

/// What the backward pass needs to know of a layer.
struct Layer {
    /// Its input h, `[width]`, and |h|².
    input: Vec<f64>,
    square: f64,
    /// W h, `[width]`.
    weighted: Vec<f64>,
    /// φ′(z), `[width]`.
    slopes: Vec<f64>,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn gaussian(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

impl<F: ScalarFunction> DrawnNets<'_, F> {
    /// Returns ln ‖∂L/∂h_l‖ / ‖∂L/∂h_L‖ for each layer l of the network of a seed, first to last: −∞ where no
    /// gradient arrives, NaN where numbers leave the range of `f64`.
    pub(crate) fn log_gains(&self, seed: u64) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let layers = self.forward(&mut rng);
        let mut gradient: Vec<f64> = (0..self.width).map(|_| gaussian(&mut rng)).collect();
        let mut level = 0.0;
        normalize(&mut gradient);
        let mut gains = vec![0.0; self.depth];
        for (index, layer) in layers.iter().enumerate().skip(1).rev() {
            gradient = self.backward(layer, &gradient, &mut rng);
            level += normalize(&mut gradient);
            gains[index - 1] = level;
        }
        gains
    }

    fn forward(&self, rng: &mut ChaCha8Rng) -> Vec<Layer> {
        let bias = self.field.bias_variance().sqrt();
        let mut signal: Vec<f64> = (0..self.width).map(|_| gaussian(rng)).collect();
        let layer = |_| {
            let square = dot(&signal, &signal);
            let scale = (self.field.weight_variance() * square / self.width as f64).sqrt();
            let mut layer = Layer {
                input: Vec::new(),
                square,
                weighted: Vec::with_capacity(self.width),
                slopes: Vec::with_capacity(self.width),
            };
            let mut output = Vec::with_capacity(self.width);
            for kept in &signal {
                let weighted = scale * gaussian(rng);
                let shift = if bias > 0.0 { bias * gaussian(rng) } else { 0.0 };
                let (x, phi) = (weighted + shift, self.field.activation());
                layer.weighted.push(weighted);
                layer.slopes.push(phi.derivative(x));
                output.push(phi.value(x) + if self.is_residual { *kept } else { 0.0 });
            }
            layer.input = std::mem::replace(&mut signal, output);
            layer
        };
        (0..self.depth).map(layer).collect()
    }

    /// Takes the gradient with respect to a layer's output back to its input.
    fn backward(&self, layer: &Layer, gradient: &[f64], rng: &mut ChaCha8Rng) -> Vec<f64> {
        let through: Vec<f64> = layer.slopes.iter().zip(gradient).map(|(a, b)| a * b).collect();
        let per_square = if layer.square > 0.0 { 1.0 / layer.square } else { 0.0 };
        let scale =
            (self.field.weight_variance() * dot(&through, &through) / self.width as f64).sqrt();
        let fresh: Vec<f64> = gradient.iter().map(|_| scale * gaussian(rng)).collect();
        let known = dot(&layer.weighted, &through) - dot(&layer.input, &fresh);
        let back = |((input, fresh), kept): ((&f64, &f64), &f64)| {
            let skipped = if self.is_residual { *kept } else { 0.0 };
            skipped + fresh + input * known * per_square
        };
        layer.input.iter().zip(&fresh).zip(gradient).map(back).collect()
    }
}

/// Scales a vector to length 1 and returns ln of its length.
fn normalize(vector: &mut [f64]) -> f64 {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    length.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_spec::Activation::{self, Elu, Gelu, Relu, Sigmoid, Tanh, ThresholdedRelu};

    /// Returns ln ‖∂L/∂h_1‖ / ‖∂L/∂h_L‖ of a network whose matrices are drawn and multiplied.
    fn multiplied_out(nets: &DrawnNets<'_, Activation>, seed: u64) -> f64 {
        let DrawnNets { field, width, depth, is_residual } = *nets;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = |variance: f64, count: usize| -> Vec<f64> {
            (0..count).map(|_| variance.sqrt() * gaussian(&mut rng)).collect()
        };
        let skip = if is_residual { 1.0 } else { 0.0 };
        let mut signal = draw(1.0, width);
        let mut layers = Vec::new();
        for _ in 0..depth {
            let matrix = draw(field.weight_variance() / width as f64, width * width);
            let biases = draw(field.bias_variance(), width);
            let rows = matrix.chunks(width).zip(&biases);
            let x: Vec<f64> = rows.map(|(row, bias)| dot(row, &signal) + bias).collect();
            let phi = field.activation();
            let output = signal.iter().zip(&x).map(|(kept, x)| skip * kept + phi.value(*x));
            signal = output.collect();
            layers.push((matrix, x.into_iter().map(|x| phi.derivative(x)).collect::<Vec<_>>()));
        }
        let mut gradient = draw(1.0, width);
        let last = dot(&gradient, &gradient);
        for (matrix, slopes) in layers.iter().skip(1).rev() {
            let mut back: Vec<f64> = gradient.iter().map(|kept| skip * kept).collect();
            for ((row, slope), gradient) in matrix.chunks(width).zip(slopes).zip(&gradient) {
                let through = slope * gradient;
                back.iter_mut().zip(row).for_each(|(back, weight)| *back += weight * through);
            }
            gradient = back;
        }
        0.5 * (dot(&gradient, &gradient) / last).ln()
    }

    /// Mean, variance, and number.
    fn moments(values: &[f64]) -> (f64, f64, f64) {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares = values.iter().map(|value| (value - mean).powi(2));
        (mean, squares.sum::<f64>() / (count - 1.0), count)
    }

    #[test]
    fn drawn_nets_are_distributed_as_nets_whose_matrices_are_multiplied_out() {
        for (activation, weight_variance, bias_variance, is_residual) in [
            (Relu, 2.0, 0.0, false),
            (Gelu, 2.0, 0.1, false),
            (ThresholdedRelu, 4.0, 0.5, false),
            (Sigmoid, 2.0, 0.3, true),
            (Elu, 1.0, 0.1, true),
            (Tanh, 2.0, 0.1, false),
        ] {
            let field = MeanField::new(activation, weight_variance, bias_variance);
            let nets = DrawnNets { field: &field, width: 8, depth: 8, is_residual };
            let finite = |gains: Vec<f64>| gains.into_iter().filter(|gain| gain.is_finite());
            let drawn = finite((0..6_000).map(|seed| nets.log_gains(seed)[0]).collect());
            let expected = finite((0..6_000).map(|seed| multiplied_out(&nets, seed)).collect());
            let (drawn, expected): (Vec<f64>, Vec<f64>) = (drawn.collect(), expected.collect());
            let ((mean, variance, count), (mean_1, variance_1, count_1)) =
                (moments(&drawn), moments(&expected));
            // Four standard errors: of the shares of nets through which a gradient comes, of the means, and
            // of the variances, whose logarithm has a kurtosis of 6 at most.
            let told = format!("{activation:?}: {mean} {variance}, not {mean_1} {variance_1}");
            assert!(
                (count - count_1).abs() < 4.0 * (0.5f64 * 6_000.0).sqrt(),
                "{count}, {count_1}"
            );
            let error = (variance / count + variance_1 / count_1).sqrt();
            assert!((mean - mean_1).abs() < 4.0 * error, "{told}");
            let error = (5.0 / count + 5.0 / count_1).sqrt();
            assert!((variance / variance_1).ln().abs() < 4.0 * error, "{told}");
        }
    }
}
