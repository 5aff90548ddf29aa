//! Tests of a session whose gradients lie where a look would make the host wait.

use backdraft_hooks::{GradientHook, GradientNorm, Row, Schedule, Taps, read_backs};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use crate::clipping::Clipping;
use crate::config::TrainerConfig;
use crate::examples::Examples;
use crate::guard::Guard;
use crate::objective::MeanSquaredError;
use crate::optimizer::OptimizerConfig;
use crate::trainer::{Outcome, Splits, Trainer};

const LOSS_EVERY: u64 = 10;

/// Trains as on an accelerator; the inputs are not finite at `bad_step`. Returns how it ended, how
/// often the device was waited for, and the weights.
fn train(config: TrainerConfig, schedule: Schedule, bad_step: u64) -> (Outcome, u64, Vec<f32>) {
    let device = Device::flex();
    let waves = |count: usize| -> Vec<f32> { (0..count).map(|i| (i as f32).sin()).collect() };
    let inputs = Tensor::<1>::from_floats(waves(24).as_slice(), &device).reshape([8, 3]);
    let targets = Tensor::<1>::from_floats(waves(8).as_slice(), &device).reshape([8, 1]);
    let examples = Examples::new(inputs, targets)
        .varied(move |x: Tensor<2>, step| if step == bad_step { x * f32::INFINITY } else { x });
    let weight = Tensor::<2>::from_floats([[0.1], [0.2], [-0.3]], &device.clone().autodiff());
    let mut model = LinearConfig::new(3, 1).with_bias(false).init(&device.clone().autodiff());
    model.weight = model.weight.map(|_| weight.require_grad());
    let trainer = Trainer::new(config, &device).unwrap();
    let mut hook = GradientHook::new(&[&GradientNorm], schedule);
    let mut rows: Vec<Row> = Vec::new();
    let splits = Splits { train: &examples, test: &examples };
    let forward = |model: &Linear, x, _: &mut Taps| model.forward(x);
    let mut session = trainer.start(model, splits, forward, &MeanSquaredError, &mut hook).unwrap();
    session.guard = Guard::Accelerator(None);
    let before = read_backs();
    while session.step(&mut rows).unwrap().is_some() {}
    let (model, outcome) = session.finish(&mut rows).unwrap();
    let waits = read_backs() - before;
    (outcome, waits, model.weight.val().into_data().iter::<f32>().collect())
}

fn config(steps: u64) -> TrainerConfig {
    TrainerConfig {
        steps,
        batch_size: 4,
        loss_every: LOSS_EVERY,
        evaluate_every: 0,
        learning_rate: 0.01,
        ..Default::default()
    }
}

/// The weights after so many steps without a fault.
fn weights_after(config: &TrainerConfig, steps: u64) -> Vec<f32> {
    if steps == 0 {
        return vec![0.1, 0.2, -0.3];
    }
    train(TrainerConfig { steps, ..config.clone() }, Schedule::Never, u64::MAX).2
}

fn diverged(step: u64, subject: &str) -> Outcome {
    Outcome::Diverged { step, subject: subject.into() }
}

#[test]
fn weights_that_stop_being_finite_between_two_looks_are_found_and_the_last_good_ones_returned() {
    let optimizers = [OptimizerConfig::ADAM, OptimizerConfig::SGD];
    let clippings = [None, Some(Clipping::GlobalNorm(0.1)), Some(Clipping::Value(0.1))];
    for (optimizer, clipping) in optimizers.into_iter().flat_map(|o| clippings.map(|c| (o, c))) {
        let config = TrainerConfig { optimizer, clipping, ..config(30) };
        // The step of the fault, the step at which it is found, and the last look before it.
        for (bad, found, sound) in [(0, 0, 0), (5, 10, 0), (13, 20, 10), (19, 20, 10), (27, 30, 20)]
        {
            let (outcome, _, left) = train(config.clone(), Schedule::Never, bad);
            assert_eq!(outcome, diverged(found, "weight"), "{optimizer:?} {clipping:?} {bad}");
            assert_eq!(left, weights_after(&config, sound), "{optimizer:?} {clipping:?} {bad}");
        }
    }
}

#[test]
fn an_observed_step_whose_gradient_was_not_finite_is_taken_back() {
    let config = TrainerConfig { clipping: Some(Clipping::TensorNorm(0.1)), ..config(30) };
    let (outcome, _, left) = train(config.clone(), Schedule::Every(1), 13);
    assert_eq!(outcome, diverged(13, "weight"));
    assert_eq!(left, weights_after(&config, 13));
    // Found at an observation, but since an earlier step.
    let (outcome, _, left) = train(config.clone(), Schedule::Every(7), 12);
    assert_eq!(outcome, diverged(14, "weight"));
    assert_eq!(left, weights_after(&config, 10));
}

#[test]
fn the_device_is_waited_for_no_more_often_than_for_the_loss_and_observations() {
    let looks = 30 / LOSS_EVERY;
    let (outcome, waits, _) = train(config(30), Schedule::Never, u64::MAX);
    assert_eq!((outcome, waits), (Outcome::Finished, looks + 2));
}

#[test]
fn weights_that_explode_between_two_looks_are_those_of_the_look_before() {
    let config =
        TrainerConfig { learning_rate: 1e38, optimizer: OptimizerConfig::SGD, ..config(3) };
    let (outcome, _, left) = train(config, Schedule::Never, u64::MAX);
    assert_eq!(outcome, diverged(3, "weight"));
    assert_eq!(left, [0.1, 0.2, -0.3]);
}
