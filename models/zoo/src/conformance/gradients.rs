//! Checks that gradients exist and are correct.

use backdraft_hooks::{GradientHook, GradientMissing, GradientNorm, Schedule, Taps, WeightNorm};
use backdraft_layers::{Architecture, Network};
use backdraft_rows::{QuantityName, Row};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Gradients, Tensor, TensorData};

use super::subject::{SEED, Subject, learned, shaken};

/// A loss that weights every output differently, so that gradients do not cancel by symmetry.
fn loss(outputs: Tensor<2>) -> Tensor<1> {
    let shape = outputs.dims();
    let weight = |i: usize| ((i + 1) as f64 * 0.7).cos();
    let weights: Vec<f64> = (0..shape[0] * shape[1]).map(weight).collect();
    let options = (&outputs.device(), outputs.dtype());
    let weights = Tensor::from_data(TensorData::new(weights, shape), options);
    (outputs.clone() * weights + outputs.square().mul_scalar(0.1)).sum()
}

fn observe<M: Module>(network: &M, gradients: &Gradients) -> Result<Vec<Row>, String> {
    let quantities: &[&'static dyn backdraft_hooks::Quantity] =
        &[&GradientNorm, &GradientMissing, &WeightNorm];
    let mut hook = GradientHook::new(quantities, Schedule::Every(1));
    let observation = hook.observe(0, network, gradients).ok_or("nothing was observed")?;
    observation.rows().map_err(|error| format!("the device failed: {error:?}"))
}

/// Checked with shaken parameters, because some start at zero on purpose.
pub(super) fn reach_every_parameter<A: Architecture>(
    subject: &Subject<'_, A>,
) -> Result<(), String> {
    let device = subject.device()?.clone().autodiff();
    let network = shaken(subject.network(SEED, &device)?, DType::F32);
    let outputs = network.score(subject.examples(4, &device), &mut Taps::off());
    let rows = observe(&network, &loss(outputs).backward())?;
    let of = |quantity: QuantityName| {
        rows.iter().filter(move |row| row.quantity == quantity && !row.subject.is_network())
    };
    if let Some(row) = of(QuantityName::GRADIENT_MISSING).find(|row| row.value != 0.0) {
        return Err(format!("`{}` gets no gradient", row.subject));
    }
    match of(QuantityName::GRADIENT_NORM).find(|row| row.value == 0.0 || !row.value.is_finite()) {
        Some(row) => Err(format!("‖∂L/∂θ‖ of `{}` is {}", row.subject, row.value)),
        None => Ok(()),
    }
}

/// Returns the paths of the network's parameters, in the order of the module.
pub(super) fn paths<M: Module>(network: &M, gradients: &Gradients) -> Result<Vec<String>, String> {
    let rows = observe(network, gradients)?;
    let is_of_parameter =
        |row: &&Row| row.quantity == QuantityName::WEIGHT_NORM && !row.subject.is_network();
    Ok(rows.iter().filter(is_of_parameter).map(|row| row.subject.to_string()).collect())
}

/// Step of the central difference. Its truncation error is of order h² ≈ 1e-10, its rounding error
/// of order 1e-16 / h.
const H: f64 = 1e-5;
/// Largest error of a derivative, relative to the norm of the parameter's gradient plus a
/// thousandth of the total norm. Where a gradient is zero, both sides are rounding error.
const TOLERANCE: f64 = 1e-5;

/// Checks the derivative of the loss along a direction of each parameter, in `f64`.
pub(super) fn finite_differences<A: Architecture>(subject: &Subject<'_, A>) -> Result<(), String> {
    let device = subject.device()?.clone().autodiff();
    let network = shaken(subject.network(SEED, &device)?, DType::F64);
    let examples = subject.examples(4, &device).cast(DType::F64);
    let score = |network: &A::Network| loss(network.score(examples.clone(), &mut Taps::off()));
    let gradients = score(&network).backward();
    let mut derivatives = Derivatives { gradients: &gradients, found: Vec::new() };
    network.visit(&mut derivatives);
    let found = derivatives.found;
    let whole = found.iter().map(|(_, norm)| norm * norm).sum::<f64>().sqrt();
    let names = paths(&network, &gradients)?;
    for (index, (analytic, norm)) in found.iter().enumerate() {
        let moved = |distance: f64| {
            scalar(score(&network.clone().map(&mut Moved { at: index, seen: 0, distance })))
        };
        let numeric = (moved(H) - moved(-H)) / (2.0 * H);
        let error = (numeric - analytic).abs() / (norm + 1e-3 * whole);
        if error.is_nan() || error > TOLERANCE {
            let name = names.get(index).map_or("?", String::as_str);
            return Err(format!(
                "`{name}`: autodiff gives {analytic}, finite differences {numeric}"
            ));
        }
    }
    Ok(())
}

/// Returns a deterministic direction of norm 1.
fn direction(count: usize, salt: usize) -> Vec<f64> {
    let value = |i: usize| ((i * i) as f64 * 0.41 + salt as f64 + 1.0).sin();
    let values: Vec<f64> = (0..count).map(value).collect();
    let norm = values.iter().map(|v| v * v).sum::<f64>().sqrt();
    values.into_iter().map(|v| v / norm).collect()
}

/// For each learned parameter, its gradient along its direction, and the gradient's norm.
struct Derivatives<'a> {
    gradients: &'a Gradients,
    found: Vec<(f64, f64)>,
}

impl ModuleVisitor for Derivatives<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if !parameter.is_require_grad() {
            return;
        }
        let gradient: Vec<f64> = match parameter.val().grad(self.gradients) {
            Some(gradient) => gradient.into_data().iter::<f64>().collect(),
            None => vec![0.0; parameter.shape().num_elements()],
        };
        let direction = direction(gradient.len(), self.found.len());
        let along = gradient.iter().zip(direction).map(|(g, v)| g * v).sum();
        let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        self.found.push((along, norm));
    }
}

/// Moves one learned parameter along its direction.
struct Moved {
    at: usize,
    seen: usize,
    distance: f64,
}

impl ModuleMapper for Moved {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !parameter.is_require_grad() {
            return parameter;
        }
        let index = self.seen;
        self.seen += 1;
        if index != self.at {
            return parameter;
        }
        let distance = self.distance;
        parameter.map(|value| {
            let shape = value.shape();
            let step = direction(shape.num_elements(), index);
            let step: Vec<f64> = step.into_iter().map(|v| distance * v).collect();
            let options = (&value.device(), value.dtype());
            learned(value + Tensor::from_data(TensorData::new(step, shape), options))
        })
    }
}

fn scalar(tensor: Tensor<1>) -> f64 {
    tensor.without_autodiff().into_data().iter::<f64>().next().unwrap_or(f64::NAN)
}
