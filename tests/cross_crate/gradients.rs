//! The MLP's gradients against the float64 reference, and the reference against finite differences.

use backdraft_hooks::{ActivationGradientNorm, GradientHook, GradientNorm, Row, Schedule, Taps};
use backdraft_layers::Activation;
use backdraft_tests::{Gradients, ReferenceMlp};
use backdraft_trainer::{BinaryCrossEntropy, Objective};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Gradients as BurnGradients, Tensor};

use crate::{batch, config, relative_difference, tensors, widened};

const ACTIVATIONS: [Activation; 5] = [
    Activation::Identity,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::Relu,
    Activation::LeakyRelu,
];

fn norm(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn value(rows: &[Row], quantity: &str, subject: &str) -> f64 {
    let fits = |row: &&Row| row.quantity.as_str() == quantity && row.subject == subject;
    rows.iter().find(fits).unwrap_or_else(|| panic!("no {quantity} of {subject}")).value
}

#[test]
fn the_reference_agrees_with_finite_differences() {
    for activation in ACTIVATIONS {
        let mlp = config(activation, 3).init(5, &Device::flex());
        let mut reference = ReferenceMlp::of(&mlp, activation);
        let (inputs, targets) = batch(6, 7);
        let gradients = reference.backward(&inputs, &targets);
        for layer in 0..4 {
            for (i, j) in [(0, 0), (3, 0), (5, 0)] {
                let step = 1e-6;
                let original = reference.layers[layer].weight[i][j];
                let mut loss_at = |weight: f64| {
                    reference.layers[layer].weight[i][j] = weight;
                    reference.loss(&inputs, &targets)
                };
                let slope = (loss_at(original + step) - loss_at(original - step)) / (2.0 * step);
                loss_at(original);
                let gradient = gradients.layers[layer].weight[i][j];
                // Central differences in f64 with this step are good to about 1e-9.
                assert!(
                    (slope - gradient).abs() < 1e-8,
                    "{activation:?} layer {layer}: {slope} {gradient}"
                );
            }
        }
    }
}

#[test]
fn every_norm_that_the_hook_reports_agrees_with_the_reference() {
    let device = Device::flex().autodiff();
    for activation in ACTIVATIONS {
        for depth in [1, 3, 10] {
            let mlp = config(activation, depth).init(11, &device);
            let (inputs, targets) = batch(8, 7);
            let expected: Gradients =
                ReferenceMlp::of(&mlp, activation).backward(&inputs, &targets);

            let (x, y) = tensors(&inputs, &targets, &device);
            let mut hook =
                GradientHook::new(&[&GradientNorm, &ActivationGradientNorm], Schedule::Every(1));
            let mut taps = hook.taps(0);
            let loss = BinaryCrossEntropy.loss(mlp.forward(x, &mut taps), y);
            let gradients = loss.backward();
            let rows = hook.observe_with_taps(0, &mlp, &gradients, &taps).unwrap().rows().unwrap();

            let check = |name: &str, subject: &str, expected: f64| {
                let measured = value(&rows, name, subject);
                let difference = relative_difference(measured, expected);
                assert!(
                    difference < 1e-5,
                    "{activation:?} depth {depth} {subject}: {difference:.1e}"
                );
            };
            for (layer, gradient) in expected.layers.iter().enumerate() {
                let path =
                    if layer == depth { "head".into() } else { format!("hidden.{layer}.linear") };
                let weights = gradient.weight.iter().flatten().copied();
                check("gradient_norm", &format!("{path}.weight"), norm(weights));
                check(
                    "gradient_norm",
                    &format!("{path}.bias"),
                    norm(gradient.bias.iter().copied()),
                );
            }
            for (layer, gradient) in expected.activations.iter().enumerate() {
                let elements = gradient.iter().flatten().copied();
                check("activation_gradient_norm", &format!("hidden.{layer}"), norm(elements));
            }
            let all = expected.layers.iter().flat_map(|l| l.weight.iter().flatten().chain(&l.bias));
            check("gradient_norm", "network", norm(all.copied()));
        }
    }
}

/// The elements of all gradients, in the order of the module.
struct Elements<'a> {
    gradients: &'a BurnGradients,
    all: Vec<f64>,
}

impl ModuleVisitor for Elements<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let gradient = parameter.val().grad(self.gradients).unwrap().into_data();
        self.all.extend(gradient.iter::<f64>());
    }
}

#[test]
fn in_f64_every_element_of_every_gradient_is_the_references() {
    let device = Device::flex().autodiff();
    let (inputs, targets) = batch(8, 7);
    let (x, y) = tensors(&inputs, &targets, &device);
    for activation in Activation::ALL.iter().copied().filter(|it| *it != Activation::Prelu) {
        for (depth, seed) in [(1, 1), (3, 2), (10, 3)] {
            let mlp = widened(config(activation, depth).init(seed, &device));
            let reference = ReferenceMlp::of(&mlp, activation).backward(&inputs, &targets);
            let outputs = mlp.forward(x.clone().cast(DType::F64), &mut Taps::off());
            let gradients = BinaryCrossEntropy.loss(outputs, y.clone().cast(DType::F64)).backward();
            let mut elements = Elements { gradients: &gradients, all: Vec::new() };
            mlp.visit(&mut elements);
            let layers = reference.layers.iter();
            let exact = layers.flat_map(|l| l.weight.iter().flatten().chain(&l.bias)).copied();
            let exact: Vec<f64> = exact.collect();
            assert_eq!(elements.all.len(), exact.len());
            let largest = exact.iter().fold(0.0, |most: f64, g| most.max(g.abs()));
            for (ours, exact) in elements.all.iter().zip(&exact) {
                let is_close = (ours - exact).abs() <= 1e-12 * largest;
                assert!(is_close, "{activation:?} of depth {depth}: {ours:e}, not {exact:e}");
            }
        }
    }
}
