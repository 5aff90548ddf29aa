//! How often an accelerator is waited for: hooks and trainer must not serialise it.

#![cfg(feature = "_gpu")]

use backdraft::{BACKENDS, Backend};
use backdraft_hooks::{GradientHook, QUANTITIES, QuantityName, Row, Schedule, read_backs};
use backdraft_layers::Activation;
use backdraft_trainer::{
    BinaryCrossEntropy, Clipping, Examples, Splits, Trainer, TrainerConfig, clip,
};
use burn::nn::LinearConfig;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};

use crate::{batch, config, relative_difference, tensors};

const STEPS: u64 = 20;
const LOSS_EVERY: u64 = 10;

/// The back ends that are built in and wait for a device: a GPU, or Mesa's software one.
fn accelerators() -> Vec<(&'static str, Device)> {
    let waits = |backend: &&Backend| !["flex", "ndarray"].contains(&backend.name);
    let built_in = BACKENDS.iter().filter(|backend| backend.is_built_in()).filter(waits);
    built_in.map(|backend| (backend.name, Backend::select(Some(backend.name)).unwrap().1)).collect()
}

/// Trains on the device; returns how often it was waited for and what was measured.
fn train(device: &Device, schedule: Schedule, clipping: Option<Clipping>) -> (u64, Vec<Row>) {
    let mlp = config(Activation::Tanh, 3).init(1, &device.clone().autodiff());
    let (inputs, targets) = batch(16, 7);
    let (x, y) = tensors(&inputs, &targets, device);
    let examples = Examples::new(x, y);
    let config = TrainerConfig {
        steps: STEPS,
        batch_size: 8,
        loss_every: LOSS_EVERY,
        evaluate_every: 0,
        clipping,
        ..TrainerConfig::default()
    };
    let mut hook = GradientHook::new(QUANTITIES, schedule);
    let mut rows = Vec::new();
    let before = read_backs();
    let trainer = Trainer::new(config, device).unwrap();
    let splits = Splits { train: &examples, test: &examples };
    let forward = |mlp: &backdraft_mlp::Mlp, x, taps: &mut _| mlp.forward(x, taps);
    trainer.fit(mlp, splits, forward, &BinaryCrossEntropy, &mut hook, &mut rows).unwrap();
    (read_backs() - before, rows)
}

/// Looks at the loss, and one batch of each split at the end.
const UNOBSERVED: u64 = STEPS / LOSS_EVERY + 2;

#[test]
fn nothing_is_read_back_but_the_loss_where_nothing_is_observed() {
    let clippings = [Clipping::GlobalNorm(0.1), Clipping::TensorNorm(0.1), Clipping::Value(0.1)];
    for (name, device) in accelerators() {
        for clipping in [None].into_iter().chain(clippings.map(Some)) {
            let count = train(&device, Schedule::Never, clipping).0;
            assert_eq!(count, UNOBSERVED, "{clipping:?} on {name}");
        }
    }
}

#[test]
fn an_observation_of_all_quantities_is_read_back_once() {
    for (name, device) in accelerators() {
        let (count, rows) = train(&device, Schedule::Every(5), None);
        assert_eq!(count, UNOBSERVED + STEPS / 5, "{name}");
        for quantity in QUANTITIES.iter().map(|quantity| quantity.name()) {
            let is_there = rows.iter().any(|row| row.quantity == quantity);
            // Nothing saturates in a tanh that is not asked, and no gradient is missing.
            let may_lack =
                [QuantityName::DEAD_SHARE, QuantityName::GRADIENT_MISSING].contains(&quantity);
            assert!(is_there || may_lack, "{quantity} on {name}");
        }
    }
}

#[test]
fn clipping_that_waits_for_nothing_clips_the_same() {
    let clipped = |device: &Device, magnitude: f32| -> Vec<f64> {
        let layer = LinearConfig::new(2, 2).init(&device.clone().autodiff());
        let mut gradients = GradientsParams::new();
        let bias = layer.bias.as_ref().unwrap().id;
        let weights = Tensor::<2>::from_floats([[3.0, -4.0], [0.5, 0.0]], device) * magnitude;
        gradients.register(layer.weight.id, weights);
        gradients.register(bias, Tensor::<1>::from_floats([1.0, 2.0], device) * magnitude);
        let (clipped, _) = clip(Clipping::GlobalNorm(2.0), &layer, gradients, false).unwrap();
        let weights = clipped.get::<2>(layer.weight.id).unwrap().into_data();
        let bias = clipped.get::<1>(bias).unwrap().into_data();
        weights.iter::<f64>().chain(bias.iter::<f64>()).collect()
    };
    let (_, flex) = Backend::select(Some("flex")).unwrap();
    // Squares of the smallest and the largest are no numbers of 32 bits.
    for magnitude in [1.0, 0.1, 1e-25, 1e25] {
        let waiting = clipped(&flex, magnitude);
        for (name, device) in accelerators() {
            for (ours, theirs) in clipped(&device, magnitude).iter().zip(&waiting) {
                let difference = relative_difference(*ours, *theirs);
                assert!(difference < 1e-5, "{magnitude} on {name}: {ours} {theirs}");
            }
        }
    }
}
