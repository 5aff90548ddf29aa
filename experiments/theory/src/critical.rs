//! The line between vanishing and exploding gradients.

use crate::activation::ScalarFunction;
use crate::mean_field::MeanField;
use crate::roots::zero;
use crate::settling::Limit;

/// A σw² at which gradients neither vanish nor explode with depth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CriticalPoint {
    /// σw².
    pub weight_variance: f64,
    /// The limit of the variance of pre-activations there.
    pub variance: Limit,
}

/// Range of variances that is searched.
const RANGE: (f64, f64) = (1e-12, 1e12);
/// Steps across that range.
const STEPS: i32 = 440;
/// Layers within which χ must reach 1 if the variance diverges.
const SOON: usize = 100;
/// Distance of χ from 1 at which a point counts as critical.
const TOLERANCE: f64 = 1e-3;

/// Returns the σw² at which gradients neither vanish nor explode where the variance has settled,
/// χ₁(q*) = 1, given σb²; `None` if there is none. Where q* = 0 is critical, 1 / φ′(0)².
///
/// # Reference
///
/// Hayou, Doucet, Rousseau, "On the impact of the activation function on deep neural networks training",
/// 2019, § 3.
pub fn critical_weight_variance<F: ScalarFunction + Copy>(
    activation: F,
    bias_variance: f64,
) -> Option<f64> {
    let point = critical_point(activation, bias_variance)?;
    (point.variance != Limit::Diverges).then_some(point.weight_variance)
}

/// Returns the critical point that a network with inputs of variance 1 settles at; the one with the smallest
/// variance if there are several. If the variance grows without bound, gradients are still level if χ goes to 1, as
/// in ReLU networks with biases at σw² = 2.
///
/// Every q* belongs to one critical point, σw² = 1 / E φ′(√q z)² and σb² = q − σw² E φ(√q z)². Solving for σb² is
/// far better conditioned than solving for σw². Only points that the variance really settles at count: at σw² = 4 a
/// GELU network has χ₁ = 1 at q* = 0, but its variance grows away from there.
pub fn critical_point<F: ScalarFunction + Copy>(
    activation: F,
    bias_variance: f64,
) -> Option<CriticalPoint> {
    let field = MeanField::new(activation, 1.0, 0.0);
    // The part of q that does not come from the weights of a critical net, less σb²; both relative to q.
    let excess = |ln_q: f64| {
        let q = ln_q.exp();
        let weights = field.next_variance(q) / field.chi(q) / q;
        (1.0 - weights) - bias_variance / q
    };
    let reached = |weight_variance: f64| {
        let field = MeanField::new(activation, weight_variance, bias_variance);
        let variance = field.limit(weight_variance + bias_variance);
        let settled = match variance {
            // Excludes χ that reaches 1 only after thousands of layers.
            Limit::Diverges => field.variances(weight_variance + bias_variance).nth(SOON)?,
            _ => variance.variance(),
        };
        let chi = field.chi(settled);
        ((chi - 1.0).abs() < TOLERANCE).then_some(CriticalPoint { weight_variance, variance })
    };
    let at = |step: i32| {
        let share = f64::from(step) / f64::from(STEPS);
        (1.0 - share) * RANGE.0.ln() + share * RANGE.1.ln()
    };
    let is_zero = excess(at(0)).abs() < 1e-5;
    let at_zero = is_zero.then(|| reached(1.0 / field.chi(RANGE.0))).flatten();
    let crossing = |step: i32| {
        let (low, high) = (at(step), at(step + 1));
        let crosses = excess(low) * excess(high) <= 0.0;
        crosses.then(|| reached(1.0 / field.chi(zero(excess, low, high).exp()))).flatten()
    };
    let at_infinity = || reached(1.0 / field.chi(f64::INFINITY));
    at_zero.or_else(|| (0..STEPS).find_map(crossing)).or_else(at_infinity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_spec::Activation::{
        self, Elu, Gelu, Identity, LeakyRelu, Relu, Sigmoid, Silu, Tanh,
    };

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

    #[test]
    fn a_point_that_no_net_comes_to_is_none() {
        // χ₁(0) = 1 at σw² = 4, but the variance grows from there.
        for activation in [Gelu, Silu] {
            assert_eq!(critical_weight_variance(activation, 0.0), None, "{activation:?}");
        }
    }

    #[test]
    fn relu_nets_with_biases_keep_their_gradient_while_their_variance_grows() {
        let point = critical_point(Relu, 0.1).unwrap();
        assert_eq!(point.variance, Limit::Diverges);
        assert!((point.weight_variance - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_point_of_any_activation_is_one_that_a_long_iteration_confirms() {
        for activation in Activation::ALL {
            for bias_variance in [0.0, 0.1] {
                let Some(point) = critical_point(*activation, bias_variance) else { continue };
                let field = MeanField::new(*activation, point.weight_variance, bias_variance);
                let start = point.weight_variance + bias_variance;
                let chi = field.chi(field.variances(start).nth(1_000).unwrap());
                assert!(
                    (chi - 1.0).abs() < 0.02,
                    "{activation:?}, {bias_variance}: {point:?}, {chi}"
                );
            }
        }
    }
}
