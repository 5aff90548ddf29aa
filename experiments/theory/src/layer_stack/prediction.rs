//! What theory predicts for a stack of layers.

use backdraft_spec::{Normalization, Skip};

use super::LayerStack;
use crate::activation::ScalarFunction;
use crate::formula::Formula;
use crate::mean_field::MeanField;
use crate::network::NetworkTheory;
use crate::no_theory::NoTheory;
use crate::normalized::{batch_norm_chi, batch_norm_residual_chi, layer_norm_chi};
use crate::residual::Entering;

impl LayerStack {
    pub(crate) fn theory(&self) -> Result<NetworkTheory, NoTheory> {
        let Self { activation, depth, width, .. } = *self;
        let weight_variance = self.weight_variance();
        if matches!(self.skip, Skip::Rezero) {
            // The branch is multiplied by zero.
            let factors = vec![(Some(self.first_variance()), 1.0); depth];
            return Ok(NetworkTheory::multiplied_up(Formula::Identity, factors));
        }
        if !self.initializer.is_random() {
            return Err(NoTheory::NotRandom);
        }
        let constant = |formula: Formula, chi: f64| {
            let first = std::iter::once(self.first_variance());
            let others = self.weighted(self.normalized().square);
            let variances = first.chain(std::iter::repeat(others)).take(depth);
            NetworkTheory::multiplied_up(formula, variances.map(|variance| (Some(variance), chi)))
        };
        Ok(match (self.skip, self.normalization) {
            (Skip::Rezero | Skip::Highway(_), _) => return Err(NoTheory::Highway),
            (Skip::Residual, Normalization::Layer) => return Err(NoTheory::LayerNormResidual),
            (Skip::None, Normalization::Batch) => {
                constant(Formula::BatchNorm, batch_norm_chi(&activation))
            }
            (Skip::None, Normalization::Layer) => {
                constant(Formula::LayerNorm, layer_norm_chi(&activation))
            }
            (Skip::None, Normalization::None) => {
                let field = self.field();
                let variances = field.variances(self.first_variance()).take(depth);
                let factors = variances.map(|variance| (Some(variance), field.chi(variance)));
                NetworkTheory::multiplied_up(Formula::MeanField { weight_variance }, factors)
            }
            (Skip::Residual, Normalization::Batch) => self.batch_norm_residual(),
            (Skip::Residual, Normalization::None) => {
                let formula = if is_odd(&activation) {
                    Formula::Residual { weight_variance }
                } else {
                    Formula::ResidualWithMean { weight_variance, width }
                };
                NetworkTheory::multiplied_up(formula, self.residual())
            }
        })
    }

    fn residual(&self) -> Vec<(Option<f64>, f64)> {
        let field = self.field();
        let first = self.first_variance();
        let kept = self.kept();
        let entering = Entering {
            mean: kept.mean + field.mean_value(first),
            square: kept.square + 2.0 * kept.mean * field.mean_value(first) + self.square(first),
        };
        let skipped = if kept.square > 0.0 { 1.0 } else { 0.0 };
        let first = (Some(first), skipped + field.chi(first));
        let others = field.residual_factors(entering, self.depth.saturating_sub(1), self.width);
        let others = others.into_iter().map(|(variance, factor)| (Some(variance), factor));
        std::iter::once(first).chain(others).take(self.depth).collect()
    }

    fn batch_norm_residual(&self) -> NetworkTheory {
        let inputs = self.inputs();
        let variance = inputs.variance / self.units() as f64;
        let kept = if self.has_first_skip() { variance } else { 0.0 };
        let mut chis = batch_norm_residual_chi(&self.activation, kept, self.depth);
        if !self.has_first_skip() {
            chis[0] = batch_norm_residual_chi(&self.activation, variance, 1)[0] - 1.0;
        }
        let added = self.normalized();
        let Entering { mut mean, mut square } = self.kept();
        let variances = (0..self.depth).map(|layer| {
            let q = if layer == 0 { self.first_variance() } else { self.weighted(square) };
            square += 2.0 * mean * added.mean + added.square;
            mean += added.mean;
            Some(q)
        });
        NetworkTheory::multiplied_up(Formula::BatchNormResidual, variances.zip(chis))
    }

    /// Returns the variance of pre-activations whose inputs have this mean square.
    fn weighted(&self, square: f64) -> f64 {
        self.weight_variance() * square + self.bias_variance
    }

    /// Tells whether the first layer has a skip: only if it has as many inputs as units.
    fn has_first_skip(&self) -> bool {
        self.inputs().count == self.units()
    }

    /// Returns what the first layer's skip adds to its output.
    fn kept(&self) -> Entering {
        let (inputs, units) = (self.inputs(), self.units() as f64);
        let share = if self.has_first_skip() { 1.0 / units } else { 0.0 };
        Entering { mean: share * inputs.sum, square: share * inputs.square }
    }

    /// Returns mean and mean square of φ(z) for a normalised pre-activation.
    fn normalized(&self) -> Entering {
        let field = MeanField::new(self.activation, 1.0, 0.0);
        Entering { mean: field.mean_value(1.0), square: field.next_variance(1.0) }
    }

    /// Returns E φ(√q z)².
    fn square(&self, q: f64) -> f64 {
        MeanField::new(self.activation, 1.0, 0.0).next_variance(q)
    }
}

/// Tells whether φ(−x) = −φ(x), so that activations have mean zero.
fn is_odd(activation: &impl ScalarFunction) -> bool {
    let is_odd_at = |x: f64| (activation.value(x) + activation.value(-x)).abs() < 1e-12;
    [0.0, 0.3, 1.0, 4.0].into_iter().all(is_odd_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Inputs;
    use Activation::{Identity, Relu, Sigmoid, Tanh};
    use backdraft_spec::{Activation, Initializer};

    fn plain(activation: Activation, weight_variance: f64, depth: usize) -> LayerStack {
        LayerStack::new(activation, Initializer::MeanField(weight_variance), depth)
    }

    fn theory(stack: LayerStack) -> NetworkTheory {
        NetworkTheory::of_layers(&stack).unwrap()
    }

    fn first_over_last(stack: LayerStack) -> f64 {
        theory(stack).places[0].gradient_norm()
    }

    #[test]
    fn xavier_halves_a_relu_nets_squared_gradient_and_he_keeps_it() {
        let xavier = LayerStack::new(Relu, Initializer::XavierUniform, 11);
        for stack in [xavier, xavier.with_width(64), plain(Relu, 1.0, 11)] {
            let half = first_over_last(stack);
            assert!((half / 0.5f64.powi(5) - 1.0).abs() < 1e-9, "ten layers, {half}");
        }
        assert!((first_over_last(plain(Relu, 2.0, 11)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_sigmoid_net_under_xavier_loses_three_quarters_per_layer() {
        let last = theory(LayerStack::new(Sigmoid, Initializer::XavierNormal, 20));
        let factor = last.log_factors().last().unwrap().exp();
        assert!((factor - 0.236).abs() < 1e-3, "{factor}");
    }

    #[test]
    fn critical_tanh_decays_algebraically() {
        // The product of χ over layers 1 to 100, from q₀ = 1: ~0.71 / 100.
        let places = theory(plain(Tanh, 1.0, 100)).places;
        let product: f64 = places.iter().map(|place| place.chi).product();
        assert!((product / 0.007_13 - 1.0).abs() < 0.01, "{product}");
    }

    #[test]
    fn skips_add_one_to_each_layers_factor() {
        let residual = plain(Identity, 1.0, 21).with_skip(Skip::Residual);
        assert!((first_over_last(residual) / 2f64.powi(10) - 1.0).abs() < 1e-9);
        let rezero = plain(Relu, 0.1, 1_000).with_skip(Skip::Rezero);
        assert_eq!(first_over_last(rezero), 1.0);
    }

    #[test]
    fn where_the_derivations_do_not_hold_the_reason_is_told() {
        let plain = plain(Relu, 1.0, 3);
        let layer = plain.with_normalization(Normalization::Layer);
        for (stack, reason) in [
            (plain.with_skip(Skip::Highway(-2.0)), "highway layers"),
            (layer.with_skip(Skip::Residual), "layer normalisation with residual layers"),
            (LayerStack { initializer: Initializer::Zeros, ..plain }, "at random"),
        ] {
            let refused = NetworkTheory::of_layers(&stack).unwrap_err().to_string();
            assert!(refused.starts_with("No theory") && refused.contains(reason), "{refused}");
        }
    }

    #[test]
    fn a_residual_relu_net_grows_as_nets_of_its_width_do() {
        let wide = plain(Relu, 2.0, 50).with_skip(Skip::Residual);
        let factor = |stack: LayerStack| first_over_last(stack).powf(1.0 / 49.0);
        assert!((factor(wide) - 2f64.sqrt()).abs() < 1e-9);
        assert!(theory(wide).formula.caveat().unwrap().contains("grows faster"));
        // 1.590 [1.568, 1.611] is the geometric mean of 20 nets of width 256 (`residual-flow`). The root mean
        // square lies above it, by half of 1.27 / 49 in the logarithm where one direction is all that counts.
        let narrow = factor(wide.with_width(256));
        assert!((narrow - 1.590 * (0.5f64 * 1.27 / 49.0).exp()).abs() < 0.03, "{narrow}");
        let odd = theory(plain(Tanh, 2.0, 50).with_skip(Skip::Residual));
        assert_eq!(odd.formula.caveat(), None);
    }

    #[test]
    fn inputs_that_are_not_as_many_as_units_have_no_skip() {
        let inputs = Some(Inputs::gaussian(100));
        let stack = LayerStack { inputs, ..plain(Tanh, 1.0, 3).with_width(64) };
        let residual = theory(stack.with_skip(Skip::Residual));
        let [first, second] = [0, 1].map(|index| residual.places[index].variance.unwrap());
        let field = MeanField::new(Tanh, 1.0, 0.0);
        assert!((first - 1.0).abs() < 1e-12 && (second - field.next_variance(1.0)).abs() < 1e-12);
    }
}
