//! Gradients accumulated over several batches, and clipped ones.

use backdraft_hooks::{GradientHook, GradientNorm, QUANTITIES, QuantityName, Row, Schedule, Taps};
use backdraft_layers::Activation;
use backdraft_trainer::{BinaryCrossEntropy, Objective};
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Device;

use crate::{batch, config, relative_difference, tensors};

fn norms(rows: &[Row]) -> Vec<(&str, f64)> {
    let norms = rows.iter().filter(|row| row.quantity == QuantityName::GRADIENT_NORM);
    norms.map(|row| (row.subject.as_str(), row.value)).collect()
}

/// The mean over a batch is the mean over the means of its halves.
#[test]
fn accumulated_gradients_are_those_of_the_large_batch() {
    let device = Device::flex().autodiff();
    let network = config(Activation::Tanh, 3).init(3, &device);
    let (inputs, targets) = batch(32, 7);
    let backward = |rows: std::ops::Range<usize>| {
        let (x, y) = tensors(&inputs[rows.clone()], &targets[rows], &device);
        BinaryCrossEntropy.loss(network.forward(x, &mut Taps::off()), y).backward()
    };
    let mut hook = GradientHook::new(&[&GradientNorm], Schedule::Every(1));
    let whole = hook.observe(0, &network, &backward(0..32)).unwrap().rows().unwrap();

    let mut accumulator = GradientsAccumulator::new();
    for half in [0..16, 16..32] {
        let mut gradients = backward(half);
        accumulator.accumulate(&network, GradientsParams::from_module(&mut gradients, &network));
    }
    let sum = accumulator.grads();
    let accumulated = hook.observe(0, &network, &sum).unwrap().rows().unwrap();

    assert_eq!(norms(&whole).len(), norms(&accumulated).len());
    for ((subject, whole), (same, sum)) in norms(&whole).into_iter().zip(norms(&accumulated)) {
        assert_eq!(subject, same);
        // Two means are added, not averaged: the sum is twice the gradient of the large batch.
        assert!(relative_difference(2.0 * whole, sum) < 1e-5, "{subject}: {whole} and {sum}");
    }
}

/// Observing reads: the optimiser must get the very gradients that were there before.
#[test]
fn observing_leaves_the_gradients_as_they_are() {
    let device = Device::flex().autodiff();
    let network = config(Activation::Sigmoid, 4).init(3, &device);
    let (inputs, targets) = batch(16, 7);
    let run = |observe: bool| {
        let (x, y) = tensors(&inputs, &targets, &device);
        let mut hook = GradientHook::new(QUANTITIES, Schedule::Every(1));
        let mut taps = if observe { hook.taps(0) } else { Taps::off() };
        let loss = BinaryCrossEntropy.loss(network.forward(x, &mut taps), y);
        let gradients = loss.backward();
        if observe {
            hook.observe_with_taps(0, &network, &gradients, &taps).unwrap().rows().unwrap();
        }
        let weights = network.hidden.iter().map(|block| block.linear.weight.val());
        weights.map(|weight| weight.grad(&gradients).unwrap().into_data()).collect::<Vec<_>>()
    };
    assert_eq!(run(true), run(false));
}
