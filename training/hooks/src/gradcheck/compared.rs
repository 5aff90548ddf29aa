//! The same gradients on a second device.

use backdraft_rows::Subject;
use burn::module::{Module, Param, ParamId};
use burn::tensor::{DType, Device, Gradients, Tensor};
use std::collections::HashMap;

use super::derivative::scalar;
use super::fault::GradientFault;
use super::moved::prepared;
use super::place::Place;
use crate::parameters::{ParameterPaths, ParameterVisitor};
use crate::selection::Filter;

/// Largest difference, relative to the gradient's norm plus a thousandth of all: an `f32` kernel sums a
/// few thousand terms in another order.
const TOLERANCE_F32: f64 = 1e-3;
const TOLERANCE_F64: f64 = 1e-9;

/// Returns what differs between the place where `gradients` were computed and a second device.
pub(super) fn differences<M, L>(
    model: &M,
    gradients: &Gradients,
    loss: &L,
    place: &Place,
    second: Device,
) -> Vec<GradientFault>
where
    M: Module,
    L: Fn(&M, &Place) -> Tensor<1>,
{
    let is_wide = place.dtype() == DType::F64 && second.supports_dtype(DType::F64);
    let (dtype, tolerance) =
        if is_wide { (DType::F64, TOLERANCE_F64) } else { (DType::F32, TOLERANCE_F32) };
    let there = Place::new(second.autodiff(), dtype);
    let other = prepared(&model.clone().fork(there.device()), &there, false);
    let second_loss = loss(&other, &there);
    let mut faults = Vec::new();
    let values = [scalar(loss(model, place)), scalar(second_loss.clone())];
    let [first, second] = values;
    let is_same = (first - second).abs() <= tolerance * first.abs().max(1.0);
    if !is_same {
        faults.push(GradientFault::OtherLoss { first, second });
    }
    if !second_loss.is_tracked() {
        faults.push(GradientFault::NothingToTrain);
        return faults;
    }
    let (here, there) = (all(model, gradients), all(&other, &second_loss.backward()));
    let whole = here.iter().map(|(_, _, g)| norm(g).powi(2)).sum::<f64>().sqrt();
    let there: HashMap<ParamId, Vec<f64>> = there.into_iter().map(|(id, _, g)| (id, g)).collect();
    for (id, parameter, ours) in here {
        let theirs = there.get(&id).map(Vec::as_slice).unwrap_or_default();
        let apart: Vec<f64> = if theirs.len() == ours.len() {
            ours.iter().zip(theirs).map(|(a, b)| a - b).collect()
        } else {
            ours.clone()
        };
        let scale = norm(&ours) + 1e-3 * whole;
        let difference = if scale == 0.0 { norm(&apart) } else { norm(&apart) / scale };
        if difference.is_nan() || difference > tolerance {
            faults.push(GradientFault::OtherGradient { parameter, difference });
        }
    }
    faults
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// The gradients of all learned parameters, empty where there is none.
fn all<M: Module>(model: &M, gradients: &Gradients) -> Vec<(ParamId, Subject, Vec<f64>)> {
    let mut all = All { gradients, found: Vec::new() };
    ParameterPaths::default().walk(model, &Filter::all(), &mut all);
    all.found
}

struct All<'a> {
    gradients: &'a Gradients,
    found: Vec<(ParamId, Subject, Vec<f64>)>,
}

impl ParameterVisitor for All<'_> {
    fn visit<const D: usize>(&mut self, path: &Subject, parameter: &Param<Tensor<D>>) {
        if parameter.is_require_grad() {
            let gradient = parameter.val().grad(self.gradients);
            let values = gradient.map_or(Vec::new(), |g| g.into_data().iter::<f64>().collect());
            self.found.push((parameter.id, path.clone(), values));
        }
    }
}
