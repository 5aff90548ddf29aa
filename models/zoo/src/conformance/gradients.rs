//! Checks that gradients exist and are correct.

use backdraft_hooks::{
    GradientCheck, GradientFault, GradientHook, GradientMissing, GradientNorm, Schedule, Taps,
    WeightNorm,
};
use backdraft_layers::{Architecture, Network};
use backdraft_rows::{QuantityName, Row};
use burn::module::Module;
use burn::tensor::{DType, Gradients, Tensor, TensorData};

use super::subject::{SEED, Subject, shaken};

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

/// Checks the derivative of the loss along a direction of each parameter, in `f64`. That a parameter is
/// reached at all is another check.
pub(super) fn finite_differences<A: Architecture>(subject: &Subject<'_, A>) -> Result<(), String> {
    let device = subject.device()?.clone().autodiff();
    let network = shaken(subject.network(SEED, &device)?, DType::F64);
    let examples = subject.examples(4, &device);
    let check = GradientCheck::new().as_it_is().run(&network, |network: &A::Network, at| {
        loss(network.score(at.put(examples.clone()), &mut Taps::off()))
    });
    let is_wrong = |fault: &&GradientFault| {
        !matches!(
            fault,
            GradientFault::Unreached { .. }
                | GradientFault::Zero { .. }
                | GradientFault::Unmoved { .. }
                | GradientFault::Untied { .. }
        )
    };
    match check.err().iter().flat_map(|faults| &faults.0).find(is_wrong) {
        Some(fault) => Err(fault.to_string()),
        None => Ok(()),
    }
}
