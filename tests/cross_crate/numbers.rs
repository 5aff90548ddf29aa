//! Numbers at the edge: what happens then is defined, and no accident.

use backdraft_hooks::{GradientHook, GradientNorm, QuantityName, Row, Schedule, Taps, UpdateRatio};
use backdraft_layers::{Activation, Initializer, Network};
use backdraft_mlp::{MlpConfig, Normalization};
use backdraft_recurrent::RecurrentConfig;
use backdraft_resnet::ResnetConfig;
use backdraft_trainer::{
    BinaryCrossEntropy, Clipping, Examples, Objective, OptimizerConfig, Outcome, Splits,
    TrainError, Trainer, TrainerConfig,
};
use backdraft_zoo::{NetworkConfig, ZooNetwork};
use burn::tensor::{Device, Tensor, TensorData};

/// Trains on `inputs`, `[rows, features]`, with targets `[rows, 1]`.
fn train(
    network: &NetworkConfig,
    trainer: TrainerConfig,
    inputs: Vec<f32>,
    targets: Vec<f32>,
) -> Result<(Outcome, Vec<Row>), TrainError> {
    let device = Device::flex();
    let features: usize = network.example_shape().iter().product();
    let table = |values: Vec<f32>, columns| {
        let rows = values.len() / columns;
        Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), &device)
    };
    let data = Examples::new(table(inputs, features), table(targets, 1));
    let model = network.try_init(1, &device.clone().autodiff()).unwrap();
    let forward = |model: &ZooNetwork, x: Tensor<2>, taps: &mut Taps| model.score(x, taps);
    let mut hook = GradientHook::new(&[&GradientNorm, &UpdateRatio], Schedule::Every(1));
    let mut rows: Vec<Row> = Vec::new();
    let splits = Splits { train: &data, test: &data };
    let (_, outcome) = Trainer::new(trainer, &device)?.fit(
        model,
        splits,
        forward,
        &BinaryCrossEntropy,
        &mut hook,
        &mut rows,
    )?;
    Ok((outcome, rows))
}

fn trainer() -> TrainerConfig {
    TrainerConfig { steps: 5, batch_size: 3, loss_every: 1, ..Default::default() }
}

fn mlp() -> MlpConfig {
    MlpConfig { inputs: 4, depth: 2, width: 6, ..Default::default() }
}

fn waves(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i as f32 * 0.7).sin()).collect()
}

fn two_classes(rows: usize) -> Vec<f32> {
    (0..rows).map(|row| (row % 2) as f32).collect()
}

fn values<'a>(rows: &'a [Row], quantity: &'a str) -> impl Iterator<Item = f64> + 'a {
    rows.iter().filter(move |row| row.quantity.as_str() == quantity).map(|row| row.value)
}

#[test]
fn input_that_is_nan_or_overflows_is_a_divergence_at_its_step() {
    let last = waves(20).len() - 1;
    for bad in [f32::NAN, f32::INFINITY, f32::MAX] {
        let mut inputs = waves(20);
        inputs[last] = bad;
        let whole = TrainerConfig { batch_size: 5, ..trainer() };
        let relu = MlpConfig {
            activation: Activation::Relu,
            initializer: Initializer::Normal(9.0),
            ..mlp()
        };
        let (outcome, rows) =
            train(&NetworkConfig::Mlp(relu), whole, inputs, two_classes(5)).unwrap();
        assert!(matches!(outcome, Outcome::Diverged { step: 0, .. }), "{bad}: {outcome:?}");
        assert!(values(&rows, "gradient_norm").any(|norm| !norm.is_finite()), "{bad}");
    }
}

#[test]
fn gradients_that_are_all_zero_change_nothing_and_divide_nothing() {
    // Without weights nothing reaches the hidden layers, and the inputs tell the output nothing.
    let dead = MlpConfig { initializer: Initializer::Zeros, activation: Activation::Relu, ..mlp() };
    let momentum = OptimizerConfig::Sgd { momentum: 0.9, weight_decay: 0.0 };
    for optimizer in [OptimizerConfig::ADAM, OptimizerConfig::SGD, momentum] {
        for clipping in [Clipping::GlobalNorm(1.0), Clipping::Value(1.0)] {
            let trainer = TrainerConfig { optimizer, clipping: Some(clipping), ..trainer() };
            let inputs = vec![0.0; 24];
            let (outcome, rows) =
                train(&NetworkConfig::Mlp(dead.clone()), trainer, inputs, two_classes(6)).unwrap();
            assert_eq!(outcome, Outcome::Finished);
            assert!(rows.iter().all(|row| row.value.is_finite()), "{optimizer:?} {clipping:?}");
            let hidden = rows.iter().filter(|row| row.subject.path().starts_with("hidden."));
            let norms = hidden.filter(|row| row.quantity == QuantityName::GRADIENT_NORM);
            assert!(norms.map(|row| row.value).all(|norm| norm == 0.0));
        }
    }
}

#[test]
fn no_examples_are_refused_before_the_first_step() {
    let refused = train(&NetworkConfig::Mlp(mlp()), trainer(), vec![], vec![]).unwrap_err();
    assert!(refused.to_string().contains("has no examples"), "{refused}");
}

/// Burn's batch variance is the biased one: that of one example is zero, not 0 / 0. All units are then at
/// their mean, so that only shifts are learned. The trainer, which knows no architecture, allows it;
/// `Architecture::check_batch` refuses it, as PyTorch does.
#[test]
fn a_batch_of_one_with_batch_norm_is_its_own_mean_and_stays_finite() {
    let normalised = MlpConfig { normalization: Normalization::Batch, ..mlp() };
    let small =
        ResnetConfig { input_shape: [1, 4, 4], outputs: 1, ..ResnetConfig::small_images(8) };
    for network in [NetworkConfig::Mlp(normalised), NetworkConfig::Resnet(small)] {
        let one = TrainerConfig { batch_size: 1, ..trainer() };
        let features: usize = network.example_shape().iter().product();
        let (outcome, rows) = train(&network, one, waves(6 * features), two_classes(6)).unwrap();
        assert_eq!(outcome, Outcome::Finished, "{}", network.name());
        assert!(rows.iter().all(|row| row.value.is_finite()), "{}", network.name());
    }
}

#[test]
fn a_sequence_of_one_step_is_learned_from() {
    let one = RecurrentConfig { inputs: 2, outputs: 1, hidden: 5, length: 1, ..Default::default() };
    let (outcome, rows) =
        train(&NetworkConfig::Recurrent(one), trainer(), waves(12), two_classes(6)).unwrap();
    assert_eq!(outcome, Outcome::Finished);
    let recurrent =
        |row: &&Row| row.subject.is_network() && row.quantity == QuantityName::GRADIENT_NORM;
    assert!(rows.iter().filter(recurrent).all(|row| row.value > 0.0 && row.value.is_finite()));
}

#[test]
fn one_class_in_the_data_is_learned_as_what_it_is() {
    let learner = TrainerConfig { steps: 60, learning_rate: 0.05, ..trainer() };
    let (outcome, rows) =
        train(&NetworkConfig::Mlp(mlp()), learner, waves(24), vec![1.0; 6]).unwrap();
    assert_eq!(outcome, Outcome::Finished);
    assert_eq!(values(&rows, "test_accuracy").last(), Some(1.0));
    assert!(rows.iter().all(|row| row.value.is_finite()));
}

#[test]
fn a_certain_answer_that_is_wrong_costs_a_finite_loss() {
    let device = Device::flex();
    let one = |value: f32| Tensor::<2>::from_data([[value]], &device);
    for (score, target) in [(1e30, 0.0), (-1e30, 1.0), (f32::MAX, 0.0)] {
        let loss = BinaryCrossEntropy.loss(one(score), one(target)).into_data();
        let loss = loss.iter::<f64>().next().unwrap();
        assert!(loss.is_finite() && loss >= 1e29, "{score}: {loss}");
    }
}
