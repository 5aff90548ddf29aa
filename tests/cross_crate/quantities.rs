//! Every quantity of the list against an independent computation from the raw numbers.

use backdraft_hooks::{GradientHook, QUANTITIES, Row, Schedule};
use backdraft_layers::Activation;
use backdraft_trainer::{BinaryCrossEntropy, Objective, OptimizerConfig};
use burn::optim::GradientsParams;
use burn::tensor::Device;

use crate::{batch, config, relative_difference, tensors};

/// One training step with everything measured, and the raw numbers behind it.
struct Measured {
    rows: Vec<Row>,
    gradient: Vec<f64>,
    before: Vec<f64>,
    after: Vec<f64>,
    activation: Vec<f64>,
}

const SUBJECT: &str = "hidden.1.linear.weight";
const TAP: &str = "hidden.1";

fn measure(activation: Activation) -> Measured {
    let device = Device::flex().autodiff();
    let mlp = config(activation, 3).init(2, &device);
    let (inputs, targets) = batch(8, 7);
    let (x, y) = tensors(&inputs, &targets, &device);
    let mut hook = GradientHook::new(QUANTITIES, Schedule::Every(1));
    let mut taps = hook.taps(0);
    let loss = BinaryCrossEntropy.loss(mlp.forward(x, &mut taps), y);
    let mut gradients = loss.backward();
    let observation = hook.observe_with_taps(0, &mlp, &gradients, &taps).unwrap();
    let raw = |data: burn::tensor::TensorData| data.iter::<f64>().collect::<Vec<f64>>();
    let weight = mlp.hidden[1].linear.weight.clone();
    let gradient = raw(weight.val().grad(&gradients).unwrap().into_data());
    let before = raw(weight.val().into_data());
    let activation = raw(taps.tapped()[1].activation().into_data());
    let gradients = GradientsParams::from_module(&mut gradients, &mlp);
    let mlp = OptimizerConfig::ADAM.init().step(1e-3, mlp, gradients);
    let after = raw(mlp.hidden[1].linear.weight.val().into_data());
    Measured {
        rows: observation.rows_after_step(&mlp).unwrap(),
        gradient,
        before,
        after,
        activation,
    }
}

impl Measured {
    fn value(&self, quantity: &str, subject: &str) -> f64 {
        let fits = |row: &&Row| row.quantity.as_str() == quantity && row.subject == subject;
        self.rows.iter().find(fits).unwrap_or_else(|| panic!("no {quantity} of {subject}")).value
    }

    fn check(&self, quantity: &str, subject: &str, expected: f64) {
        let measured = self.value(quantity, subject);
        let difference = relative_difference(measured, expected);
        assert!(difference < 2e-5, "{quantity}: {measured} against {expected}");
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn share(values: &[f64], fits: impl Fn(f64) -> bool) -> f64 {
    values.iter().filter(|x| fits(**x)).count() as f64 / values.len() as f64
}

#[test]
fn quantities_of_a_parameter_are_what_they_say() {
    let measured = measure(Activation::Relu);
    let gradient = &measured.gradient;
    let magnitudes: Vec<f64> = gradient.iter().map(|g| g.abs()).collect();
    let updates: Vec<f64> =
        measured.after.iter().zip(&measured.before).map(|(after, before)| after - before).collect();
    let check = |quantity, expected| measured.check(quantity, SUBJECT, expected);
    check("gradient_norm", norm(gradient));
    check("gradient_mean_absolute", mean(&magnitudes));
    check("gradient_standard_deviation", deviation(gradient));
    check("gradient_max", magnitudes.iter().copied().fold(0.0, f64::max));
    check("gradient_zero_share", share(gradient, |g| g == 0.0));
    check("gradient_underflow_share", 0.0);
    check("gradient_nan_count", 0.0);
    check("gradient_infinity_count", 0.0);
    check("gradient_missing", 0.0);
    check("weight_norm", norm(&measured.before));
    check("update_ratio", norm(&updates) / norm(&measured.before));
}

#[test]
fn the_histogram_counts_each_decade() {
    let measured = measure(Activation::Tanh);
    let mut counted = 0.0;
    for decade in -12..2 {
        let (low, high) = (10f64.powi(decade), 10f64.powi(decade + 1));
        let expected = measured.gradient.iter().filter(|g| (low..high).contains(&g.abs())).count();
        if expected > 0 {
            let subject = format!("{SUBJECT}[1e{decade}]");
            assert_eq!(measured.value("gradient_histogram", &subject), expected as f64);
            counted += expected as f64;
        }
    }
    assert_eq!(counted, measured.gradient.len() as f64, "every element lies in some decade");
}

#[test]
fn quantities_of_an_activation_are_what_they_say() {
    for activation in [Activation::Sigmoid, Activation::Tanh, Activation::Relu] {
        let measured = measure(activation);
        let values = &measured.activation;
        measured.check("activation_mean", TAP, mean(values));
        measured.check("activation_standard_deviation", TAP, deviation(values));
        measured.check("activation_norm", TAP, norm(values));
        match activation {
            Activation::Sigmoid => {
                let saturated = share(values, |a| a * (1.0 - a) < 0.0025);
                measured.check("saturated_share", TAP, saturated);
            }
            Activation::Tanh => {
                measured.check("saturated_share", TAP, share(values, |a| 1.0 - a * a < 0.01));
            }
            _ => {
                let dead = (0..9).filter(|unit| (0..8).all(|row| values[row * 9 + unit] == 0.0));
                measured.check("dead_share", TAP, dead.count() as f64 / 9.0);
            }
        }
    }
}

#[test]
fn every_quantity_of_the_list_yields_rows_and_unique_names() {
    let mut rows = measure(Activation::Relu).rows;
    rows.extend(measure(Activation::Sigmoid).rows);
    for (position, quantity) in QUANTITIES.iter().enumerate() {
        assert!(rows.iter().any(|row| row.quantity == quantity.name()), "{}", quantity.name());
        assert!(QUANTITIES[..position].iter().all(|other| other.name() != quantity.name()));
    }
}
