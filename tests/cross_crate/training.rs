//! The trainer on a real model.

use backdraft_hooks::{GradientHook, GradientNorm, QuantityName, Row, Schedule};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::{Mlp, MlpConfig};
use backdraft_trainer::{
    BinaryCrossEntropy, Clipping, Examples, OptimizerConfig, Outcome, Splits, Trainer,
    TrainerConfig,
};
use burn::tensor::Device;

use crate::{batch, config, tensors};

fn train(mlp: MlpConfig, trainer: TrainerConfig) -> (Vec<Row>, Outcome) {
    let device = Device::flex();
    let (inputs, targets) = batch(64, 7);
    let (x, y) = tensors(&inputs, &targets, &device);
    let examples = Examples::new(x, y);
    let mut rows = Vec::new();
    let (_, outcome) = Trainer::new(trainer.clone(), &device)
        .unwrap()
        .fit(
            mlp.init(trainer.seed, &device.clone().autodiff()),
            Splits { train: &examples, test: &examples },
            |model: &Mlp, inputs, taps| model.forward(inputs, taps),
            &BinaryCrossEntropy,
            &mut GradientHook::new(&[&GradientNorm], Schedule::Every(1)),
            &mut rows,
        )
        .unwrap();
    (rows, outcome)
}

fn trainer() -> TrainerConfig {
    TrainerConfig { steps: 60, batch_size: 16, learning_rate: 0.01, ..Default::default() }
}

fn course(rows: &[Row], quantity: &str) -> Vec<f64> {
    let network =
        rows.iter().filter(|row| row.quantity.as_str() == quantity && row.subject.is_network());
    network.map(|row| row.value).collect()
}

#[test]
fn training_lowers_the_loss_with_every_optimiser() {
    let adam_w =
        OptimizerConfig::AdamW { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, weight_decay: 1e-2 };
    let momentum = OptimizerConfig::Sgd { momentum: 0.9, weight_decay: 0.0 };
    for optimizer in [OptimizerConfig::SGD, OptimizerConfig::ADAM, adam_w, momentum] {
        let (rows, outcome) =
            train(config(Activation::Tanh, 2), TrainerConfig { optimizer, ..trainer() });
        assert_eq!(outcome, Outcome::Finished);
        let losses = course(&rows, "test_loss");
        assert!(losses[losses.len() - 1] < losses[0], "{optimizer:?}: {losses:?}");
    }
}

#[test]
fn the_same_seed_measures_the_same_numbers_and_another_does_not() {
    let run = |seed| train(config(Activation::Sigmoid, 3), TrainerConfig { seed, ..trainer() }).0;
    assert_eq!(run(4), run(4));
    assert_ne!(run(4), run(5));
}

#[test]
fn clipping_bounds_the_global_norm_at_every_step() {
    let clipping = Some(Clipping::GlobalNorm(0.05));
    let (rows, _) = train(config(Activation::Tanh, 3), TrainerConfig { clipping, ..trainer() });
    let (before, after) =
        (course(&rows, "global_gradient_norm"), course(&rows, "clipped_gradient_norm"));
    assert!(before.iter().any(|norm| *norm > 0.05), "the bound must act for the test to mean much");
    assert!(after.iter().all(|norm| *norm <= 0.05 * (1.0 + 1e-9)), "{after:?}");
}

#[test]
fn training_ends_at_the_first_evaluation_below_the_loss_asked_for() {
    let config = |stop_below| TrainerConfig { stop_below, evaluate_every: 5, ..trainer() };
    let losses = |stop_below| {
        let rows = train(crate::config(Activation::Tanh, 2), config(stop_below)).0;
        let tests: Vec<(u64, f64)> = rows
            .iter()
            .filter(|r| r.quantity == QuantityName::TEST_LOSS)
            .map(|r| (r.step, r.value))
            .collect();
        tests
    };
    let all = losses(None);
    let (middle, bound) = all[all.len() / 2];
    let bound = bound + 1e-9;
    let stopped = losses(Some(bound));
    let first = all.iter().find(|(_, loss)| *loss < bound).unwrap();
    assert_eq!(stopped.last(), Some(first));
    assert!(first.0 <= middle && stopped[..stopped.len() - 2].iter().all(|(_, l)| *l >= bound));
}

#[test]
fn the_rate_of_one_sgd_step_is_the_configured_one() {
    // One SGD step of rate r changes the weights by r g: twice the rate, twice the change.
    let loss_after = |learning_rate| {
        let one = TrainerConfig {
            steps: 1,
            batch_size: 64,
            optimizer: OptimizerConfig::SGD,
            learning_rate,
            ..trainer()
        };
        let rows = train(config(Activation::Tanh, 2), one).0;
        let losses = course(&rows, "test_loss");
        losses[0] - losses[losses.len() - 1]
    };
    let ratio = loss_after(2e-3) / loss_after(1e-3);
    assert!((ratio - 2.0).abs() < 0.1, "first order in the rate: {ratio}");
}

#[test]
fn an_explosion_stops_the_run_and_names_the_first_parameter() {
    let mlp = MlpConfig { initializer: Initializer::Normal(1e4), ..config(Activation::Relu, 12) };
    let (_, outcome) = train(mlp, trainer());
    let Outcome::Diverged { step, subject } = outcome else { panic!("{outcome:?}") };
    assert_eq!((step, subject.as_str()), (0, "hidden.0.linear.weight"));
}
