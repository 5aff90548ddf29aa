//! Checks of inputs and outputs.

use std::collections::HashSet;

use backdraft_hooks::Taps;
use backdraft_layers::{Architecture, Network, TaskShape};
use burn::module::Module;
use burn::tensor::{DType, Tensor};

use super::gradients::paths;
use super::subject::{SEED, Subject, shaken};

/// Tolerance for a different order of summation in `f32`. It depends on the batch size, and Burn
/// fuses some operations without autodiff.
const ROUNDING: f64 = 1e-4;

pub(super) fn output_shapes<A: Architecture>(subject: &Subject<'_, A>) -> Result<(), String> {
    let device = subject.device()?;
    let network = subject.network(SEED, device)?;
    for batch in [1, 2, 5] {
        let outputs = network.score(subject.examples(batch, device), &mut Taps::off());
        let expected = [batch, subject.config.outputs()];
        if outputs.dims() != expected {
            return Err(format!("{batch} examples give {:?}, not {expected:?}", outputs.dims()));
        }
        if !values(&outputs).iter().all(|value| value.is_finite()) {
            return Err(format!("{batch} examples give values that are not finite"));
        }
    }
    fits_its_task(subject.config)
}

/// Checks that a configuration fitted to a task accepts its examples and has the right number of
/// outputs.
fn fits_its_task<A: Architecture>(config: &A) -> Result<(), String> {
    for example_shape in [vec![6], vec![3, 4], vec![2, 16, 8]] {
        for is_every_step in [false, true] {
            let task =
                TaskShape { example_shape: example_shape.clone(), outputs: 5, is_every_step };
            let Some(fitted) = config.fitted(&task) else { continue };
            fitted.validate().map_err(|error| format!("fitted to {task:?}: {error}"))?;
            if !fitted.accepts(&example_shape) || fitted.outputs() != task.outputs_each() {
                return Err(format!("does not fit {task:?}, to which it was fitted"));
            }
        }
    }
    Ok(())
}

/// In evaluation, the outputs of an example do not depend on the rest of the batch.
pub(super) fn rows_are_independent<A: Architecture>(
    subject: &Subject<'_, A>,
) -> Result<(), String> {
    let device = subject.device()?;
    let network = shaken(subject.network(SEED, device)?, DType::F32);
    let examples = subject.examples(5, device);
    let together = values(&network.score(examples.clone(), &mut Taps::off()));
    for row in 0..5 {
        let alone = values(&network.score(examples.clone().narrow(0, row, 1), &mut Taps::off()));
        for (alone, together) in alone.iter().zip(&together[row * alone.len()..]) {
            if (alone - together).abs() > ROUNDING * (1.0 + together.abs()) {
                return Err(format!(
                    "example {row} gives {alone} alone, but {together} in a batch"
                ));
            }
        }
    }
    Ok(())
}

/// The two modes differ if and only if the network keeps running statistics.
pub(super) fn training_and_evaluation<A: Architecture>(
    subject: &Subject<'_, A>,
) -> Result<(), String> {
    let device = subject.device()?;
    let network = shaken(subject.network(SEED, &device.clone().autodiff())?, DType::F32);
    let has_statistics = network.num_params() > subject.config.num_learned();
    let evaluated = network.valid();
    let evaluate = || values(&evaluated.score(subject.examples(4, device), &mut Taps::off()));
    let before = evaluate();
    let examples = subject.examples(4, &device.clone().autodiff());
    let trained = values(&network.score(examples, &mut Taps::off()));
    let largest = before.iter().zip(&trained).map(|(a, b)| (a - b).abs() / (1.0 + a.abs()));
    let largest = largest.fold(0.0, f64::max);
    if (largest > ROUNDING) != has_statistics {
        return Err(format!("the outputs of training and evaluation differ by {largest:e}"));
    }
    if evaluate() != before {
        return Err("evaluating twice gives different outputs".to_owned());
    }
    Ok(())
}

/// Taps change nothing and each receives a gradient. Every numbered part has one, in order.
pub(super) fn taps<A: Architecture>(subject: &Subject<'_, A>) -> Result<(), String> {
    let device = subject.device()?.clone().autodiff();
    let network = shaken(subject.network(SEED, &device)?, DType::F32);
    let mut taps = Taps::on();
    let outputs = network.score(subject.examples(4, &device), &mut taps);
    let untapped = network.score(subject.examples(4, &device), &mut Taps::off());
    if values(&outputs) != values(&untapped) {
        return Err("tapping changes the outputs".to_owned());
    }
    let gradients = outputs.sum().backward();
    let mut seen = HashSet::new();
    for tapped in taps.tapped() {
        if !seen.insert(tapped.subject().to_string()) {
            return Err(format!("there are two taps `{}`", tapped.subject()));
        }
        if tapped.gradient(&gradients).is_none() {
            return Err(format!("`{}` gets no gradient", tapped.subject()));
        }
    }
    let names: Vec<&str> = taps.tapped().iter().map(|tapped| tapped.subject().path()).collect();
    let mut last = 0;
    for part in numbered_parts(&paths(&network, &gradients)?) {
        let is_of = |name: &&str| {
            let rest = name.strip_prefix(part.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let Some(first) = names.iter().position(is_of) else {
            return Err(format!("`{part}` has parameters but no tap"));
        };
        if first < last {
            return Err(format!("`{part}` is tapped out of order"));
        }
        last = first;
    }
    if names.is_empty() {
        return Err("there are no taps".to_owned());
    }
    Ok(())
}

/// Returns the first numbered part of each path, such as `blocks.3`, in the order of the module.
fn numbered_parts(paths: &[String]) -> Vec<String> {
    let mut parts = Vec::new();
    for path in paths {
        let names: Vec<&str> = path.split('.').collect();
        let number = names.iter().position(|name| name.parse::<usize>().is_ok());
        if let Some(number) = number {
            let part = names[..=number].join(".");
            if parts.last() != Some(&part) {
                parts.push(part);
            }
        }
    }
    parts
}

pub(super) fn values(outputs: &Tensor<2>) -> Vec<f64> {
    outputs.to_data().iter::<f64>().collect()
}
