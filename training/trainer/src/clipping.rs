//! Gradient clipping over all parameters together, which Burn does per tensor only.

use backdraft_hooks::{global_norm, queued_global_norm};
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

/// Clips the gradients of `module`, all together, and tells what that did if it `is_told`.
///
/// Gradients that are not finite are left as they are: no factor makes them useful, and the
/// trainer stops on them. Where gradients lie on an accelerator it is waited for only to tell.
///
/// # Errors
///
/// [`ExecutionError`] when the device failed.
pub fn clip<M: Module>(
    clipping: Clipping,
    module: &M,
    gradients: GradientsParams,
    is_told: bool,
) -> Result<(GradientsParams, Option<Clipped>), ExecutionError> {
    let norm = |gradients: &GradientsParams| global_norm(module, gradients);
    let before = if is_told { Some(norm(&gradients)?) } else { None };
    let bound = match clipping {
        Clipping::GlobalNorm(bound) => match queued_global_norm(module, &gradients) {
            Some(norm) => {
                let is_finite = norm.clone().is_finite();
                let factor = bounding(norm, bound).mask_fill(is_finite.bool_not(), 1.0);
                Some(Bound::QueuedFactor(factor))
            }
            None => {
                let norm = before.map_or_else(|| norm(&gradients), Ok)?;
                (norm > bound && norm.is_finite()).then(|| Bound::Factor(bound / norm))
            }
        },
        Clipping::TensorNorm(bound) => Some(Bound::Norm(bound)),
        Clipping::Value(bound) => Some(Bound::Value(bound)),
    };
    let gradients = match bound {
        Some(bound) => bound.apply_to_all(module, gradients),
        None => gradients,
    };
    let Some(norm_before) = before else { return Ok((gradients, None)) };
    let norm_after = match clipping {
        Clipping::GlobalNorm(bound) if norm_before > bound && norm_before.is_finite() => bound,
        Clipping::GlobalNorm(_) => norm_before,
        Clipping::TensorNorm(_) | Clipping::Value(_) => norm(&gradients)?,
    };
    Ok((gradients, Some(Clipped { norm_before, norm_after })))
}

/// Returns the factor, at most 1, that brings a norm to a bound, both shape `[1]`. Where the norm is 0
/// the factor is infinite before it is bounded.
fn bounding(norm: Tensor<1>, bound: f64) -> Tensor<1> {
    norm.recip().mul_scalar(bound).clamp_max(1.0)
}

/// What is done to each gradient.
#[expect(clippy::large_enum_variant, reason = "one is made for each clipping")]
enum Bound {
    /// Multiplied by this.
    Factor(f64),
    /// The same by a factor that only the device knows, shape `[1]`.
    QueuedFactor(Tensor<1>),
    /// Scaled to this norm if its own is larger.
    Norm(f64),
    /// Clamped to ± this.
    Value(f64),
}

impl Bound {
    fn apply<const D: usize>(&self, gradient: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Factor(factor) => gradient * *factor,
            Self::QueuedFactor(factor) => gradient * factor.clone().unsqueeze(),
            Self::Norm(bound) => {
                let norm = gradient.clone().square().sum().sqrt(); // [1]
                gradient * bounding(norm, *bound).unsqueeze()
            }
            Self::Value(bound) => gradient.clamp(-*bound, *bound),
        }
    }

    /// Bounds every gradient of a module once, those of parameters that layers share included.
    fn apply_to_all<M: Module>(self, module: &M, gradients: GradientsParams) -> GradientsParams {
        let mut each = Each { bound: self, before: gradients, after: GradientsParams::new() };
        module.visit(&mut each);
        each.after
    }
}

struct Each {
    bound: Bound,
    before: GradientsParams,
    after: GradientsParams,
}

impl ModuleVisitor for Each {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if let Some(gradient) = self.before.remove::<D>(parameter.id) {
            self.after.register(parameter.id, self.bound.apply(gradient));
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
        let (clipped, report) = clip(Clipping::GlobalNorm(1.0), &layer, gradients, true).unwrap();
        let report = report.unwrap();
        assert!((report.norm_before - 34f64.sqrt()).abs() < 1e-12);
        let factor = 1.0 / 34f32.sqrt();
        let expected = [3.0 * factor, 3.0 * factor, -4.0 * factor];
        let close = |(x, y): (&f32, &f32)| (x - y).abs() < 1e-6;
        assert!(elements(&layer, &clipped).iter().zip(&expected).all(close));
    }

    #[test]
    fn a_norm_within_the_bound_is_left_alone() {
        let (layer, gradients) = gradients();
        let (clipped, report) = clip(Clipping::GlobalNorm(10.0), &layer, gradients, true).unwrap();
        let report = report.unwrap();
        assert_eq!(report.norm_before, report.norm_after);
        assert_eq!(elements(&layer, &clipped), [3.0, 3.0, -4.0]);
    }

    #[test]
    fn each_tensor_is_bounded_by_itself_and_one_within_the_bound_is_left_alone() {
        let (layer, gradients) = gradients();
        let (clipped, report) = clip(Clipping::TensorNorm(4.1), &layer, gradients, true).unwrap();
        let report = report.unwrap();
        let factor = 4.1 / 18f32.sqrt();
        let expected = [3.0 * factor, 3.0 * factor, -4.0];
        let close = |(x, y): (&f32, &f32)| (x - y).abs() < 1e-6;
        assert!(elements(&layer, &clipped).iter().zip(&expected).all(close));
        assert!((report.norm_after - (4.1f64.powi(2) + 16.0).sqrt()).abs() < 1e-6);
    }

    #[test]
    fn a_parameter_that_layers_share_is_scaled_once() {
        let (layer, gradients) = gradients();
        let shared = [layer.clone(), layer.clone()];
        let (clipped, _) = clip(Clipping::GlobalNorm(1.0), &shared, gradients, false).unwrap();
        let factor = 1.0 / 34f32.sqrt();
        assert!((elements(&layer, &clipped)[0] - 3.0 * factor).abs() < 1e-6);
    }

    #[test]
    fn clipping_by_value_clamps_each_element() {
        let (layer, gradients) = gradients();
        let (clipped, report) = clip(Clipping::Value(3.5), &layer, gradients, true).unwrap();
        let report = report.unwrap();
        assert_eq!(elements(&layer, &clipped), [3.0, 3.0, -3.5]);
        assert!((report.norm_after - 30.25f64.sqrt()).abs() < 1e-12);
    }
}
