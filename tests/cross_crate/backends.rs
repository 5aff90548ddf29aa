//! The same seed on different back ends.

#![cfg(feature = "ndarray")]

use backdraft::Backend;
use backdraft_hooks::{GradientHook, QUANTITIES, Row, Schedule};
use backdraft_layers::Activation;
use backdraft_trainer::{BinaryCrossEntropy, Objective};

use crate::{batch, config, relative_difference, tensors};

fn measure(backend: &str, activation: Activation) -> Vec<Row> {
    let (_, device) = Backend::select(Some(backend)).unwrap();
    let device = device.autodiff();
    let mlp = config(activation, 10).init(3, &device);
    let (inputs, targets) = batch(8, 7);
    let (x, y) = tensors(&inputs, &targets, &device);
    let mut hook = GradientHook::new(QUANTITIES, Schedule::Every(1));
    let mut taps = hook.taps(0);
    let gradients = BinaryCrossEntropy.loss(mlp.forward(x, &mut taps), y).backward();
    hook.observe_with_taps(0, &mlp, &gradients, &taps).unwrap().rows().unwrap()
}

#[test]
fn flex_and_ndarray_measure_the_same_at_initialisation() {
    for activation in [Activation::Sigmoid, Activation::Tanh, Activation::Relu, Activation::Gelu] {
        // Counts can move by one where rounding carries an element over the edge of a decade.
        let norms = |backend| {
            let mut rows = measure(backend, activation);
            rows.retain(|row| row.quantity.ends_with("norm"));
            rows
        };
        let (flex, ndarray) = (norms("flex"), norms("ndarray"));
        assert_eq!(flex.len(), ndarray.len());
        for (flex, ndarray) in flex.iter().zip(&ndarray) {
            assert_eq!((&flex.quantity, &flex.subject), (&ndarray.quantity, &ndarray.subject));
            let difference = relative_difference(flex.value, ndarray.value);
            assert!(difference < 1e-4, "{activation:?} {} {}", flex.quantity, flex.subject);
        }
    }
}
