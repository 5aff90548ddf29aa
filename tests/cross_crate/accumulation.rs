//! Gradients accumulated over several batches, and clipped ones.

use backdraft_hooks::{
    ActivationGradientNorm, GradientHook, GradientNorm, QUANTITIES, Quantity, QuantityName, Row,
    Schedule, Subject, Taps,
};
use backdraft_layers::Activation;
use backdraft_mlp::Mlp;
use backdraft_trainer::{
    BinaryCrossEntropy, Clipping, Examples, Objective, Outcome, Splits, Trainer, TrainerConfig,
};
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

/// Trains for some steps, each on the gradients of two halves of a batch, of which the second is not
/// finite at `bad_step`.
fn train_on_halves(steps: u64, bad_step: u64) -> (Outcome, Vec<Row>, Vec<f64>) {
    let device = Device::flex();
    let (inputs, targets) = batch(32, 7);
    let (x, y) = tensors(&inputs, &targets, &device);
    let examples = Examples::new(x, y);
    let config =
        TrainerConfig { steps, clipping: Some(Clipping::GlobalNorm(0.5)), ..Default::default() };
    let trainer = Trainer::new(config, &device).unwrap();
    let quantities: [&'static dyn Quantity; 2] = [&GradientNorm, &ActivationGradientNorm];
    let mut hook = GradientHook::new(&quantities, Schedule::Every(2));
    let model = crate::config(Activation::Tanh, 2).init(3, &device.clone().autodiff());
    let splits = Splits { train: &examples, test: &examples };
    let forward = |model: &Mlp, inputs, taps: &mut Taps| model.forward(inputs, taps);
    let mut session =
        trainer.start(model, splits, forward, &BinaryCrossEntropy, &mut hook).unwrap();
    let mut rows = Vec::new();
    loop {
        let (mut accumulator, mut taps) = (GradientsAccumulator::new(), session.taps());
        for half in [0..16, 16..32] {
            let is_bad = half.start == 16 && session.next_step() == bad_step;
            let (x, y) = tensors(&inputs[half.clone()], &targets[half], &device);
            let outputs = session.model().forward(x, &mut taps);
            let loss = BinaryCrossEntropy.loss(outputs, y) * if is_bad { f32::NAN } else { 0.5 };
            let mut gradients = loss.backward();
            taps.accumulate(&gradients);
            let gradients = GradientsParams::from_module(&mut gradients, session.model());
            accumulator.accumulate(session.model(), gradients);
        }
        if session.apply_with_taps(accumulator.grads(), &taps, &mut rows).unwrap().is_none() {
            break;
        }
    }
    let (model, outcome) = session.finish(&mut rows).unwrap();
    let weights = model
        .hidden
        .iter()
        .flat_map(|block| block.linear.weight.val().into_data().iter::<f64>().collect::<Vec<_>>());
    (outcome, rows, weights.collect())
}

#[test]
fn accumulated_gradients_are_observed_clipped_and_checked_like_others() {
    let (outcome, rows, _) = train_on_halves(40, u64::MAX);
    assert_eq!(outcome, Outcome::Finished);
    let of = |quantity: QuantityName| -> Vec<f64> {
        rows.iter().filter(|row| row.quantity == quantity).map(|row| row.value).collect()
    };
    assert_eq!(of(QuantityName::GLOBAL_GRADIENT_NORM).len(), 20);
    assert_eq!(of(QuantityName::ACTIVATION_GRADIENT_NORM).len(), 20 * 2);
    assert!(of(QuantityName::CLIPPED_GRADIENT_NORM).iter().all(|norm| *norm <= 0.5 + 1e-6));
    assert!(of(QuantityName::TEST_LOSS).last().unwrap() < &0.69);
    for bad_step in [3, 4] {
        let (outcome, _, weights) = train_on_halves(40, bad_step);
        // Every gradient is NaN and no weight is: the inputs are to blame, and no layer.
        let subject = Subject::NETWORK;
        assert_eq!(outcome, Outcome::Diverged { step: bad_step, subject });
        assert_eq!(weights, train_on_halves(bad_step, u64::MAX).2, "the step was taken");
    }
}
