//! Gradient clipping, also over all parameters together, which Burn does not offer.

mod bound;
mod factor;
#[cfg(test)]
mod magnitudes;
mod queued;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::ExecutionError;
use serde::{Deserialize, Serialize};

use bound::Bound;
use factor::{global_factor, norm};
use queued::queued_size;

/// How gradients are bounded before the optimiser sees them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clipping {
    /// Scales all gradients by one factor so that their joint L2 norm is at most this
    /// (Pascanu, Mikolov & Bengio 2013, algorithm 1). The direction is kept.
    GlobalNorm(f64),
    /// Scales the gradient of each tensor separately so that its L2 norm is at most this, as Burn's
    /// `GradientClippingConfig::Norm` does. The direction changes.
    TensorNorm(f64),
    /// Clamps every element to ± this. The direction changes.
    Value(f64),
}

/// Gradient norms before and after clipping.
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

/// Clips the gradients of `module` and, if `is_told`, returns their norms before and after.
///
/// The bound is met for gradients of every magnitude and float type, because no square overflows or
/// underflows. Gradients that are not finite are left unchanged, as no factor makes them useful. The host
/// waits for an accelerator only if `is_told`.
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
    let before = if is_told { Some(norm(module, &gradients)?) } else { None };
    let bound = match clipping {
        Clipping::GlobalNorm(bound) => match queued_size(module, &gradients) {
            Some(size) => Some(Bound::Queued(size.bounding(bound))),
            None => {
                let factor = global_factor(module, &gradients, before, bound)?;
                factor.map(Bound::Factor)
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
        Clipping::TensorNorm(_) | Clipping::Value(_) => norm(module, &gradients)?,
    };
    Ok((gradients, Some(Clipped { norm_before, norm_after })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::{Device, Tensor};

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

    #[test]
    fn a_norm_is_reached_where_squares_overflow_and_underflow() {
        for clipping in [Clipping::GlobalNorm(1.0), Clipping::TensorNorm(1.0)] {
            for [x, y, z] in [[2e22f32, -1e22, 3e30], [3e38, -3e38, 3e38], [30.0, -40.0, 0.0]] {
                let layer = LinearConfig::new(2, 1).init(&Device::flex().autodiff());
                let mut gradients = GradientsParams::new();
                let gradient = Tensor::<2>::from_floats([[x], [y], [z]], &Device::flex());
                gradients.register(layer.weight.id, gradient);
                let (clipped, _) = clip(clipping, &layer, gradients, false).unwrap();
                let clipped = clipped.get::<2>(layer.weight.id).unwrap().into_data();
                let norm = [x, y, z].map(|x| f64::from(x).powi(2)).iter().sum::<f64>().sqrt();
                for (ours, before) in clipped.iter::<f64>().zip([x, y, z]) {
                    let expected = f64::from(before) / norm;
                    assert!((ours - expected).abs() < 1e-6, "{clipping:?} {before}: {ours}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_left_as_it_is_by_every_kind_of_clipping() {
        let kinds = [Clipping::GlobalNorm(0.5), Clipping::TensorNorm(0.5), Clipping::Value(0.5)];
        for clipping in kinds {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let layer = LinearConfig::new(2, 1).init(&Device::flex().autodiff());
                let mut gradients = GradientsParams::new();
                let gradient = Tensor::<2>::from_floats([[1.0], [bad]], &Device::flex());
                gradients.register(layer.weight.id, gradient);
                let (clipped, _) = clip(clipping, &layer, gradients, false).unwrap();
                let values = clipped.get::<2>(layer.weight.id).unwrap().into_data();
                let bits: Vec<u32> = values.iter::<f32>().map(f32::to_bits).collect();
                assert_eq!(bits, [1.0, bad].map(f32::to_bits), "{clipping:?}");
            }
        }
    }
}
