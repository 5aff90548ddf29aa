//! The norm of all gradients together.

use std::collections::HashSet;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{DType, ExecutionError, FloatDType, Tensor};

use crate::device::{reductions, scaled};
use crate::gradients::GradientSource;
use crate::observation::Observation;
use crate::parameters::ParameterPaths;
use crate::quantity::{GradientNorm, Quantity};
use crate::reader::{on_host, wide};
use crate::selection::{Filter, Grouping};
use crate::summary::Detail;

/// Returns the L2 norm of the gradients of all parameters together, 0 if there are none.
///
/// This is the norm that papers and PyTorch's `clip_grad_norm_` use; Burn's
/// `GradientClippingConfig::Norm` looks at each tensor separately. Waits for the device once.
///
/// # Errors
///
/// [`ExecutionError`] when the device failed.
pub fn global_norm<M: Module, G: GradientSource>(
    module: &M,
    gradients: &G,
) -> Result<f64, ExecutionError> {
    let quantities = [&GradientNorm as _].into();
    let mut observation =
        Observation::new(0, quantities, GradientNorm.reads(), Grouping::Parameter);
    observation.read_parameters(&mut ParameterPaths::default(), &Filter::all(), module, gradients);
    let rows = observation.rows()?;
    let network = rows.iter().find(|row| row.subject.is_network());
    Ok(network.map_or(0.0, |row| row.value))
}

/// Queues the same norm on the device of the gradients, shape `[1]`, without waiting. Returns
/// `None` if the gradients are in host memory, where [`global_norm`] does not wait either, or if
/// there are none.
pub fn queued_global_norm<M: Module, G: GradientSource>(
    module: &M,
    gradients: &G,
) -> Option<Tensor<1>> {
    let mut queued = Queued { gradients, seen: HashSet::new(), parts: Vec::new(), is_host: false };
    module.visit(&mut queued);
    if queued.is_host || queued.parts.is_empty() {
        return None;
    }
    let count = queued.parts.len();
    let parts = Tensor::cat(of_one_type(queued.parts), 0).reshape([count, 2]); // scale, Σ (x / scale)²
    let column = |index: usize| parts.clone().narrow(1, index, 1).reshape([count]);
    let (scales, square_sums) = (column(0), column(1));
    let scale = scales.clone().max();
    let relative = scaled(&scales, &scale);
    Some((square_sums * relative.square()).sum().sqrt() * scale)
}

/// Parts of a module may be in `f32` and others in `f64`.
fn of_one_type(mut parts: Vec<Tensor<1>>) -> Vec<Tensor<1>> {
    let types: HashSet<DType> = parts.iter().map(Tensor::dtype).collect();
    if types.len() > 1 {
        parts = parts.into_iter().map(|part| part.cast(FloatDType::F64)).collect();
    }
    parts
}

struct Queued<'a, G> {
    gradients: &'a G,
    seen: HashSet<ParamId>,
    /// Results of [`reductions`], `[2]` each.
    parts: Vec<Tensor<1>>,
    is_host: bool,
}

impl<G: GradientSource> ModuleVisitor for Queued<'_, G> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if self.is_host || !self.seen.insert(parameter.id) {
            return;
        }
        if let Some(gradient) = self.gradients.gradient(parameter) {
            let gradient = wide(gradient);
            self.is_host = on_host(&gradient, |_| ()).is_some();
            if !self.is_host {
                let reductions = reductions(gradient, f64::MIN_POSITIVE, Detail::Norm);
                self.parts.push(reductions.sums);
            }
        }
    }
}
