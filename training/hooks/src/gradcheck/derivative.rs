//! Derivatives along directions, by autodiff and by finite differences.

use backdraft_rows::Subject;
use burn::module::{Module, Param, ParamId};
use burn::tensor::{DType, Gradients, Tensor};

use super::fault::GradientFault;
use super::moved::Along;
use crate::parameters::{ParameterPaths, ParameterVisitor};
use crate::selection::Filter;

/// The derivative of the loss along a direction of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivative {
    /// The parameter's path.
    pub parameter: Subject,
    /// By the gradient.
    pub autodiff: f64,
    /// By finite differences.
    pub difference: f64,
    /// The largest difference between the two that is allowed.
    pub allowed: f64,
}

/// The derivatives that agree, and what does not.
pub(super) struct Slopes {
    pub(super) derivatives: Vec<Derivative>,
    pub(super) faults: Vec<GradientFault>,
}

/// Distances of the central differences. The first is where truncation, of order h², and rounding, of order
/// ε / h, are both small for a loss of order 1; the others are for losses that bend or round more.
const DISTANCES_F64: [f64; 4] = [1e-5, 1e-4, 1e-6, 1e-3];
const DISTANCES_F32: [f64; 4] = [1e-2, 3e-3, 3e-2, 1e-1];

/// A gradient counts as large as itself plus this share of all gradients together: where it is nearly zero,
/// both sides are rounding error.
const SHARE_OF_ALL: f64 = 1e-3;
/// Rounding error of a loss in units of its own, generously: it is a sum of many terms.
const ROUNDINGS: f64 = 8.0;
/// An allowed error above this share of the gradient proves nothing.
const MEANINGFUL: f64 = 0.1;

/// Compares the gradient of each learned parameter with finite differences.
pub(super) fn slopes<M: Module>(
    model: &M,
    gradients: &Gradients,
    loss: &dyn Fn(&M) -> Tensor<1>,
    dtype: DType,
    tolerance: f64,
) -> Slopes {
    let mut found = Found { gradients, parameters: Vec::new() };
    ParameterPaths::default().walk(model, &Filter::all(), &mut found);
    let all = norm(&found.parameters.iter().filter_map(|p| p.norm).collect::<Vec<_>>());
    let mut slopes = Slopes { derivatives: Vec::new(), faults: Vec::new() };
    for Learned { id, path: parameter, norm, along, direction } in found.parameters {
        let parameter = parameter.clone();
        let is_reached = norm.is_some();
        let norm = norm.unwrap_or(0.0);
        if !norm.is_finite() {
            slopes.faults.push(GradientFault::NotFinite { parameter });
            continue;
        }
        let moved = |distance: f64| {
            let mut along = Along { parameter: id, direction: &direction, distance };
            scalar(loss(&model.clone().map(&mut along)))
        };
        let scale = norm + SHARE_OF_ALL * all;
        match judge(along, scale, dtype, tolerance, moved) {
            Judgement::Right { difference, allowed } if norm > 0.0 => {
                slopes.derivatives.push(Derivative {
                    parameter,
                    autodiff: along,
                    difference,
                    allowed,
                });
            }
            Judgement::Wrong { difference, allowed } => slopes.faults.push(GradientFault::Wrong {
                parameter,
                autodiff: along,
                difference,
                allowed,
            }),
            // The loss does not change with it, so it is not used, rather than detached.
            _ if !is_reached => slopes.faults.push(GradientFault::Unreached { parameter }),
            _ if norm == 0.0 => slopes.faults.push(GradientFault::Zero { parameter }),
            Judgement::Right { difference, .. } | Judgement::Unclear { difference } => slopes
                .faults
                .push(GradientFault::Unclear { parameter, autodiff: along, difference }),
        }
    }
    slopes
}

enum Judgement {
    Right { difference: f64, allowed: f64 },
    Wrong { difference: f64, allowed: f64 },
    Unclear { difference: f64 },
}

/// Judges a derivative by central differences at several distances: one that agrees proves it; if none
/// does, it is wrong if two of them agree with each other.
fn judge(
    autodiff: f64,
    scale: f64,
    dtype: DType,
    tolerance: f64,
    loss: impl Fn(f64) -> f64,
) -> Judgement {
    let (distances, epsilon) = match dtype {
        DType::F64 => (DISTANCES_F64, f64::EPSILON),
        _ => (DISTANCES_F32, f64::from(f32::EPSILON)),
    };
    let mut tried: Vec<(f64, f64)> = Vec::new();
    for distance in distances {
        let (ahead, behind) = (loss(distance), loss(-distance));
        let difference = (ahead - behind) / (2.0 * distance);
        let rounding = ROUNDINGS * epsilon * ahead.abs().max(behind.abs()) / distance;
        let allowed = tolerance * scale + rounding;
        let is_meaningful = allowed <= MEANINGFUL * scale;
        if is_meaningful && (difference - autodiff).abs() <= allowed {
            return Judgement::Right { difference, allowed };
        }
        if is_meaningful && difference.is_finite() {
            tried.push((difference, allowed));
        }
    }
    let agreeing = tried.iter().enumerate().find_map(|(at, (difference, allowed))| {
        let agrees = |(other, more): &(f64, f64)| (difference - other).abs() <= allowed + more;
        tried[at + 1..].iter().any(agrees).then_some((*difference, *allowed))
    });
    match (agreeing, tried.first()) {
        (Some((difference, allowed)), _) => Judgement::Wrong { difference, allowed },
        (None, Some((difference, _))) => Judgement::Unclear { difference: *difference },
        (None, None) => Judgement::Unclear { difference: f64::NAN },
    }
}

/// Returns a deterministic direction of norm 1 in which every element moves.
fn direction(count: usize, salt: usize) -> Vec<f64> {
    let value = |i: usize| ((i * i) as f64 * 0.41 + salt as f64 + 1.0).sin();
    let values: Vec<f64> = (0..count).map(value).collect();
    let length = norm(&values);
    values.into_iter().map(|v| v / length).collect()
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>().sqrt()
}

struct Learned {
    id: ParamId,
    path: Subject,
    /// `None` if there is no gradient.
    norm: Option<f64>,
    /// The gradient along the direction.
    along: f64,
    direction: Vec<f64>,
}

struct Found<'a> {
    gradients: &'a Gradients,
    parameters: Vec<Learned>,
}

impl ParameterVisitor for Found<'_> {
    fn visit<const D: usize>(&mut self, path: &Subject, parameter: &Param<Tensor<D>>) {
        if !parameter.is_require_grad() {
            return;
        }
        let gradient = parameter.val().grad(self.gradients);
        let gradient = gradient.map(|g| g.into_data().iter::<f64>().collect::<Vec<_>>());
        let direction = direction(parameter.shape().num_elements(), self.parameters.len());
        let values = gradient.as_deref().unwrap_or_default();
        self.parameters.push(Learned {
            id: parameter.id,
            path: path.clone(),
            along: values.iter().zip(&direction).map(|(g, v)| g * v).sum(),
            norm: gradient.as_deref().map(norm),
            direction,
        });
    }
}

pub(super) fn scalar(tensor: Tensor<1>) -> f64 {
    tensor.without_autodiff().into_data().iter::<f64>().next().unwrap_or(f64::NAN)
}
