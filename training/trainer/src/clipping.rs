//! Gradient clipping over all parameters together, which Burn does per tensor only.

use backdraft_hooks::global_norm;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{ExecutionError, Tensor};
use serde::{Deserialize, Serialize};

/// How gradients are bounded before the optimiser sees them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clipping {
    /// Scales all gradients by one factor so that their joint L2 norm is at most this
    /// (Pascanu, Mikolov & Bengio 2013, algorithm 1). The direction is kept.
    GlobalNorm(f64),
    /// Scales the gradient of each tensor by itself so that its L2 norm is at most this, as Burn's
    /// `GradientClippingConfig::Norm` does. The direction changes.
    TensorNorm(f64),
    /// Clamps every element to ± this. The direction changes.
    Value(f64),
}

/// What clipping did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clipped {
    /// L2 norm of all gradients together before clipping.
    pub norm_before: f64,
    /// The same afterwards.
    pub norm_after: f64,
}

impl Clipping {
    /// Returns the bound.
    pub fn bound(self) -> f64 {
        match self {
            Self::GlobalNorm(bound) | Self::TensorNorm(bound) | Self::Value(bound) => bound,
        }
    }
}

/// Clips the gradients of `module`, all together.
///
/// Gradients that are not finite are left as they are: no factor makes them useful, and the
/// trainer stops on them.
///
/// # Errors
///
/// [`ExecutionError`] when the device failed.
pub fn clip<M: Module>(
    clipping: Clipping,
    module: &M,
    mut gradients: GradientsParams,
) -> Result<(GradientsParams, Clipped), ExecutionError> {
    let norm_before = global_norm(module, &gradients)?;
    let norm_after = match clipping {
        Clipping::GlobalNorm(bound) if norm_before > bound && norm_before.is_finite() => {
            let factor = bound / norm_before;
            module.visit(&mut Scale { gradients: &mut gradients, factor });
            bound
        }
        Clipping::GlobalNorm(_) => norm_before,
        Clipping::TensorNorm(bound) => {
            module.visit(&mut ScaleEach { gradients: &mut gradients, bound });
            global_norm(module, &gradients)?
        }
        Clipping::Value(bound) => {
            module.visit(&mut Clamp { gradients: &mut gradients, bound });
            global_norm(module, &gradients)?
        }
    };
    Ok((gradients, Clipped { norm_before, norm_after }))
}

struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    factor: f64,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(parameter.id) {
            self.gradients.register(parameter.id, gradient * self.factor);
        }
    }
}

struct ScaleEach<'a> {
    gradients: &'a mut GradientsParams,
    bound: f64,
}

impl ModuleVisitor for ScaleEach<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(parameter.id) {
            let norm = gradient.clone().square().sum().sqrt(); // [1]
            // Where the norm is 0 the factor is infinite before it is bounded by 1.
            let factor = norm.recip().mul_scalar(self.bound).clamp_max(1.0);
            self.gradients.register(parameter.id, gradient * factor.unsqueeze());
        }
    }
}

struct Clamp<'a> {
    gradients: &'a mut GradientsParams,
    bound: f64,
}

impl ModuleVisitor for Clamp<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(parameter.id) {
            let clamped = gradient.clamp(-self.bound, self.bound);
            self.gradients.register(parameter.id, clamped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::Device;

    /// One layer whose gradients are 3 for its two weights and 4 for its bias.
    fn gradients() -> (Linear, GradientsParams) {
        let device = Device::flex().autodiff();
        let layer = LinearConfig::new(2, 1).init(&device);
        let mut gradients = GradientsParams::new();
        gradients.register(layer.weight.id, Tensor::<2>::full([2, 1], 3.0, &Device::flex()));
        let bias = layer.bias.as_ref().unwrap().id;
        gradients.register(bias, Tensor::<1>::full([1], -4.0, &Device::flex()));
        (layer, gradients)
    }

    fn elements(layer: &Linear, gradients: &GradientsParams) -> Vec<f32> {
        let weight = gradients.get::<2>(layer.weight.id).unwrap().into_data();
        let bias = gradients.get::<1>(layer.bias.as_ref().unwrap().id).unwrap().into_data();
        weight.iter::<f32>().chain(bias.iter::<f32>()).collect()
    }

    #[test]
    fn the_global_norm_bounds_all_parameters_by_one_factor() {
        let (layer, gradients) = gradients();
        let (clipped, report) = clip(Clipping::GlobalNorm(1.0), &layer, gradients).unwrap();
        assert!((report.norm_before - 34f64.sqrt()).abs() < 1e-12);
        let factor = 1.0 / 34f32.sqrt();
        let expected = [3.0 * factor, 3.0 * factor, -4.0 * factor];
        let close = |(x, y): (&f32, &f32)| (x - y).abs() < 1e-6;
        assert!(elements(&layer, &clipped).iter().zip(&expected).all(close));
    }

    #[test]
    fn a_norm_within_the_bound_is_left_alone() {
        let (layer, gradients) = gradients();
        let (clipped, report) = clip(Clipping::GlobalNorm(10.0), &layer, gradients).unwrap();
        assert_eq!(report.norm_before, report.norm_after);
        assert_eq!(elements(&layer, &clipped), [3.0, 3.0, -4.0]);
    }

    #[test]
    fn each_tensor_is_bounded_by_itself_and_one_within_the_bound_is_left_alone() {
        let (layer, gradients) = gradients();
        let (clipped, report) = clip(Clipping::TensorNorm(4.1), &layer, gradients).unwrap();
        let factor = 4.1 / 18f32.sqrt();
        let expected = [3.0 * factor, 3.0 * factor, -4.0];
        let close = |(x, y): (&f32, &f32)| (x - y).abs() < 1e-6;
        assert!(elements(&layer, &clipped).iter().zip(&expected).all(close));
        assert!((report.norm_after - (4.1f64.powi(2) + 16.0).sqrt()).abs() < 1e-6);
    }

    #[test]
    fn clipping_by_value_clamps_each_element() {
        let (layer, gradients) = gradients();
        let (clipped, report) = clip(Clipping::Value(3.5), &layer, gradients).unwrap();
        assert_eq!(elements(&layer, &clipped), [3.0, 3.0, -3.5]);
        assert!((report.norm_after - 30.25f64.sqrt()).abs() < 1e-12);
    }
}
