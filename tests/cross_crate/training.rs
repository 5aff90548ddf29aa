//! The trainer on a real model.

use std::io;

use backdraft_hooks::{GradientHook, GradientNorm, QUANTITIES, QuantityName, Row, Schedule, Taps};
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::{Mlp, MlpConfig};
use backdraft_trainer::{
    BinaryCrossEntropy, Clipping, Examples, Ignore, Listener, OptimizerConfig, Outcome, Progress,
    Splits, Trainer, TrainerConfig,
};
use burn::module::Module;
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
fn an_explosion_stops_the_run_and_blames_no_layer_where_only_gradients_are_seen() {
    let mlp = MlpConfig { initializer: Initializer::Normal(1e4), ..config(Activation::Relu, 12) };
    let (_, outcome) = train(mlp, trainer());
    let Outcome::Diverged { step, subject } = outcome else { panic!("{outcome:?}") };
    assert_eq!((step, subject.as_str()), (0, "network"));
}

/// Remembers the latest progress and all rows.
#[derive(Default)]
struct Latest {
    rows: Vec<Row>,
    progress: Vec<Progress>,
}

impl Listener for Latest {
    fn record(&mut self, rows: &[Row]) -> io::Result<()> {
        self.rows.record(rows)
    }

    fn progress(&mut self, progress: Progress) {
        self.progress.push(progress);
    }
}

#[test]
fn the_loss_of_progress_is_a_training_loss_to_the_end() {
    let device = Device::flex();
    let examples = |count| {
        let (inputs, targets) = batch(count, 7);
        let (x, y) = tensors(&inputs, &targets, &device);
        Examples::new(x, y)
    };
    // Of several sizes, so that their losses differ.
    let (train, test) = (examples(64), examples(11));
    let mut latest = Latest::default();
    Trainer::new(trainer(), &device)
        .unwrap()
        .fit(
            config(Activation::Tanh, 2).init(1, &device.clone().autodiff()),
            Splits { train: &train, test: &test },
            |model: &Mlp, inputs, taps| model.forward(inputs, taps),
            &BinaryCrossEntropy,
            &mut GradientHook::new(&[], Schedule::Never),
            &mut latest,
        )
        .unwrap();
    let Latest { rows, progress } = latest;
    let last = |quantity| course(&rows, quantity).last().copied().unwrap();
    let told: Vec<f64> = progress.iter().map(|progress| progress.loss).collect();
    let losses = course(&rows, "loss");
    assert_eq!(told, [&losses[..], &[last("train_loss")]].concat());
    assert!(!told.contains(&last("test_loss")));
    let end = Progress { step: 60, steps: 60, loss: last("train_loss") };
    assert_eq!(progress.last(), Some(&end));
}

#[test]
fn a_model_that_cannot_be_trained_is_an_error_with_the_remedy() {
    let device = Device::flex();
    let (inputs, targets) = batch(8, 7);
    let (x, y) = tensors(&inputs, &targets, &device);
    let examples = Examples::new(x, y);
    let fit = |model: Mlp, schedule| {
        Trainer::new(trainer(), &device).unwrap().fit(
            model,
            Splits { train: &examples, test: &examples },
            |model: &Mlp, inputs, taps| model.forward(inputs, taps),
            &BinaryCrossEntropy,
            &mut GradientHook::new(QUANTITIES, schedule),
            &mut Ignore,
        )
    };
    let config = config(Activation::Tanh, 2);
    for schedule in [Schedule::Never, Schedule::Every(1)] {
        let plain = fit(config.init(1, &device), schedule.clone()).unwrap_err();
        assert!(plain.to_string().contains("`model.train()`"), "{plain}");
        let trained = fit(config.init(1, &device).train(), schedule).unwrap();
        assert_eq!(trained.1, Outcome::Finished);
    }
    let frozen = config.init(1, &device.clone().autodiff()).no_grad();
    let frozen = fit(frozen, Schedule::Never).unwrap_err();
    assert!(frozen.to_string().contains("unfrozen"), "{frozen}");
}

/// The loop of a caller, against `fit`.
#[test]
fn steps_taken_one_by_one_measure_what_fit_measures() {
    let config = config(Activation::Tanh, 2);
    let (whole, outcome) = train(config.clone(), trainer());
    let device = Device::flex();
    let (inputs, targets) = batch(64, 7);
    let (x, y) = tensors(&inputs, &targets, &device);
    let examples = Examples::new(x, y);
    let trainer = Trainer::new(trainer(), &device).unwrap();
    let mut hook = GradientHook::new(&[&GradientNorm], Schedule::Every(1));
    let mut session = trainer
        .start(
            config.init(0, &device.clone().autodiff()),
            Splits { train: &examples, test: &examples },
            |model: &Mlp, inputs, taps: &mut Taps| model.forward(inputs, taps),
            &BinaryCrossEntropy,
            &mut hook,
        )
        .unwrap();
    let (mut rows, mut steps, mut checkpoint) = (Vec::new(), Vec::new(), None);
    while let Some(step) = session.step(&mut rows).unwrap() {
        steps.push(step);
        if session.next_step() == 30 && checkpoint.is_none() {
            checkpoint = Some(session.checkpoint().unwrap());
        }
        // Once, half of the steps are taken again.
        if session.next_step() == 60 && steps.len() == 60 {
            session.restore(checkpoint.as_ref().unwrap()).unwrap();
            rows.retain(|row| row.step < 30);
        }
    }
    assert_eq!(session.outcome(), Some(&Outcome::Finished));
    assert_eq!(steps.len(), 90);
    assert_eq!(steps[30..60], steps[60..]);
    let losses: Vec<f64> = steps[..60].iter().filter_map(|step| step.loss).collect();
    assert_eq!(losses, course(&whole, "loss"));
    assert_eq!(session.finish(&mut rows).unwrap().1, outcome);
    assert_eq!(rows, whole);
}

#[test]
fn a_session_that_is_left_early_says_which_step_comes_next() {
    let device = Device::flex();
    let (inputs, targets) = batch(8, 7);
    let (x, y) = tensors(&inputs, &targets, &device);
    let examples = Examples::new(x, y);
    let trainer = Trainer::new(trainer(), &device).unwrap();
    let mut hook = GradientHook::new(&[], Schedule::Never);
    let model = config(Activation::Tanh, 2).init(0, &device.clone().autodiff());
    let splits = Splits { train: &examples, test: &examples };
    let forward = |model: &Mlp, inputs, taps: &mut Taps| model.forward(inputs, taps);
    let mut session =
        trainer.start(model, splits, forward, &BinaryCrossEntropy, &mut hook).unwrap();
    session.step(&mut Ignore).unwrap();
    let (_, outcome) = session.finish(&mut Ignore).unwrap();
    assert_eq!(outcome, Outcome::Interrupted { step: 1 });
}
