//! The line between vanishing and exploding.

use super::activation::ScalarFunction;
use super::mean_field::MeanField;

/// Variances that pre-activations are looked for in.
const RANGE: (f64, f64) = (1e-12, 1e5);
/// Steps from one end of it to the other.
const STEPS: i32 = 340;

/// Returns the σw² at which gradients neither vanish nor explode, χ₁(q*) = 1, given σb²; `None` if there
/// is none. Of several the one with the smallest q*; where q* = 0 is critical, 1 / φ′(0)².
///
/// # Reference
///
/// Hayou, Doucet, Rousseau, "On the impact of the activation function on deep neural networks training",
/// 2019, § 3: every q* is that of one critical point, σw² = 1 / E φ′(√q z)², σb² = q − σw² E φ(√q z)²; so
/// the point is found by σb², which is far better conditioned than by σw².
pub fn critical_weight_variance<F: ScalarFunction>(
    activation: F,
    bias_variance: f64,
) -> Option<f64> {
    let field = MeanField::new(activation, 1.0, 0.0);
    // The share of q that a critical net makes of its weights, less that which σb² leaves to them.
    let excess = |q: f64| {
        let weights = field.next_variance(q) / field.chi(q) / q;
        (1.0 - weights) - bias_variance / q
    };
    let weight_variance = |q: f64| 1.0 / field.chi(q);
    let at = |step: i32| RANGE.0 * (RANGE.1 / RANGE.0).powf(f64::from(step) / f64::from(STEPS));
    let is_zero = |excess: f64| excess.abs() < 1e-5;
    if is_zero(excess(RANGE.0)) {
        return Some(weight_variance(RANGE.0));
    }
    let crosses = |step: &i32| excess(at(*step)) * excess(at(step + 1)) <= 0.0;
    let first = (0..STEPS).find(crosses)?;
    let (mut low, mut high) = (at(first), at(first + 1));
    let rises = excess(low) < excess(high);
    for _ in 0..60 {
        let middle = (low * high).sqrt();
        *if (excess(middle) < 0.0) == rises { &mut low } else { &mut high } = middle;
    }
    Some(weight_variance(low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_layers::Activation::{self, Elu, Identity, LeakyRelu, Relu, Sigmoid, Tanh};

    fn critical(activation: Activation, bias_variance: f64) -> f64 {
        critical_weight_variance(activation, bias_variance).unwrap()
    }

    #[test]
    fn closed_forms_are_found() {
        for (activation, expected) in
            [(Identity, 1.0), (Relu, 2.0), (LeakyRelu, 2.0 / 1.0001), (Tanh, 1.0), (Elu, 1.0)]
        {
            let found = critical(activation, 0.0);
            assert!((found / expected - 1.0).abs() < 1e-4, "{activation:?}: {found}");
        }
        assert_eq!(critical_weight_variance(Relu, 0.1), None, "with biases its variance diverges");
    }

    #[test]
    fn a_net_at_the_line_is_critical_where_its_variance_settles() {
        for (activation, bias_variance) in
            [(Tanh, 0.05), (Tanh, 0.3), (Sigmoid, 0.0), (Sigmoid, 0.5)]
        {
            let weight_variance = critical(activation, bias_variance);
            let field = MeanField::new(activation, weight_variance, bias_variance);
            let chi = field.chi(field.fixed_point(1.0));
            assert!((chi - 1.0).abs() < 1e-3, "{activation:?}, {bias_variance}: χ = {chi}");
        }
        // Independent quadrature (Gauss–Hermite in NumPy): 1.7610, 2.5051.
        assert!((critical(Tanh, 0.05) - 1.7610).abs() < 1e-3);
        assert!((critical(Tanh, 0.3) - 2.5051).abs() < 1e-3);
    }
}
