//! Quantities that are not measured unless they are asked for, against independent computations.

use backdraft_hooks::{
    ATTENTION, GradientHook, MomentConstants, OPTIMIZER, PRECISION, QUANTITIES, QuantityName, Row,
    Schedule, Tapped, Taps,
};
use backdraft_layers::{Activation, Architecture, Network};
use backdraft_trainer::{
    BinaryCrossEntropy, Examples, Objective, OptimizerConfig, Splits, Trainer, TrainerConfig,
};
use backdraft_zoo::{NetworkConfig, named};
use burn::nn::attention::{MhaInput, MultiHeadAttention, MultiHeadAttentionConfig};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, RmsPropConfig, SgdConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Distribution, Tensor};

use crate::{batch, config, relative_difference, tensors};

const EPSILON: f64 = 1e-5;
const SUBJECT: &str = "hidden.1.linear.weight";

fn value(rows: &[Row], quantity: &QuantityName, subject: &str) -> Option<f64> {
    let fits = |row: &&Row| row.quantity == *quantity && row.subject == subject;
    rows.iter().find(fits).map(|row| row.value)
}

/// Gradients, and the rows after the third of three steps.
struct Steps {
    gradients: Vec<Vec<f64>>,
    rows: Vec<Row>,
}

fn three_steps(mut optimizer: ModuleOptimizer) -> Steps {
    let device = Device::flex().autodiff();
    let mut network = config(Activation::Tanh, 3).init(2, &device);
    let (inputs, targets) = batch(8, 7);
    let (x, y) = tensors(&inputs, &targets, &device);
    let mut hook = GradientHook::new(OPTIMIZER, Schedule::Every(1));
    let constants = MomentConstants { beta_1: 0.9, beta_2: 0.999, epsilon: EPSILON };
    let mut steps = Steps { gradients: Vec::new(), rows: Vec::new() };
    for step in 0..3 {
        let outputs = network.forward(x.clone(), &mut Taps::off());
        let gradients = BinaryCrossEntropy.loss(outputs, y.clone()).backward();
        let weight = network.hidden[1].linear.weight.val();
        let gradient = weight.grad(&gradients).unwrap().into_data();
        steps.gradients.push(gradient.iter::<f64>().collect());
        let observation = hook.observe(step, &network, &gradients).unwrap();
        let gradients = GradientsParams::from_grads(gradients, &network);
        network = optimizer.step(1e-2, network, gradients);
        steps.rows = observation.rows_after_optimizer(&network, &optimizer, constants).unwrap();
    }
    steps
}

/// The exponential averages m̂ and v̂ of one element, by their definition.
fn moments(gradients: &[Vec<f64>], at: usize) -> (f64, f64) {
    let (mut first, mut second) = (0.0, 0.0);
    for gradient in gradients {
        first = 0.9 * first + 0.1 * gradient[at];
        second = 0.999 * second + 0.001 * gradient[at].powi(2);
    }
    let steps = gradients.len() as i32;
    (first / (1.0 - 0.9f64.powi(steps)), second / (1.0 - 0.999f64.powi(steps)))
}

#[test]
fn the_moments_of_adam_are_those_of_its_definition() {
    let steps = three_steps(AdamConfig::new().with_epsilon(EPSILON as f32).init());
    let count = steps.gradients[0].len();
    let all: Vec<(f64, f64)> = (0..count).map(|at| moments(&steps.gradients, at)).collect();
    let mean = |of: &dyn Fn(f64, f64) -> f64| {
        all.iter().map(|(first, second)| of(*first, second.sqrt())).sum::<f64>() / count as f64
    };
    for (quantity, expected) in [
        (QuantityName::MOMENT_RATIO, mean(&|first, root| first.abs() / root)),
        (QuantityName::EFFECTIVE_STEP, mean(&|_, root| 1.0 / (root + EPSILON))),
        (
            QuantityName::MOMENT_BELOW_EPSILON_SHARE,
            mean(&|_, root| f64::from(u8::from(root < EPSILON))),
        ),
    ] {
        let ours = value(&steps.rows, &quantity, SUBJECT).unwrap();
        assert!(relative_difference(ours, expected) < 1e-3, "{quantity}: {ours} for {expected}");
        assert!(value(&steps.rows, &quantity, "network").is_some());
    }
}

#[test]
fn the_cosine_is_one_for_gradient_descent_and_less_for_adam_and_momentum_less_optimisers_have_none()
{
    let sgd = three_steps(SgdConfig::new().init()).rows;
    let cosine = value(&sgd, &QuantityName::UPDATE_COSINE, SUBJECT).unwrap();
    assert!((cosine - 1.0).abs() < 1e-3, "{cosine}");
    assert_eq!(value(&sgd, &QuantityName::MOMENT_RATIO, SUBJECT), None);
    let adam = three_steps(AdamConfig::new().init()).rows;
    let cosine = value(&adam, &QuantityName::UPDATE_COSINE, SUBJECT).unwrap();
    assert!((0.1..0.99).contains(&cosine), "{cosine}");
    let prop = three_steps(RmsPropConfig::new().init()).rows;
    assert!(value(&prop, &QuantityName::EFFECTIVE_STEP, SUBJECT).unwrap() > 0.0);
}

#[test]
fn the_trainer_measures_the_moments_of_its_optimiser() {
    let (inputs, targets) = batch(32, 7);
    let device = Device::flex();
    let (x, y) = tensors(&inputs, &targets, &device);
    let examples = Examples::new(x, y);
    let adam = OptimizerConfig::ADAM;
    let trainer =
        Trainer::new(TrainerConfig { steps: 3, optimizer: adam, ..Default::default() }, &device);
    let network = config(Activation::Tanh, 3).init(3, &device.autodiff());
    let mut rows: Vec<Row> = Vec::new();
    let mut hook = GradientHook::new(OPTIMIZER, Schedule::Every(1));
    let forward = |model: &backdraft_mlp::Mlp, x, taps: &mut Taps| model.forward(x, taps);
    let splits = Splits { train: &examples, test: &examples };
    trainer
        .unwrap()
        .fit(network, splits, forward, &BinaryCrossEntropy, &mut hook, &mut rows)
        .unwrap();
    for quantity in OPTIMIZER {
        let found =
            rows.iter().filter(|row| row.quantity == quantity.name() && row.subject == SUBJECT);
        assert_eq!(found.count(), 3, "{}", quantity.name());
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

fn entropy(weights: &[f64]) -> f64 {
    -weights.iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum::<f64>()
}

#[test]
fn attention_is_measured_head_by_head() {
    let device = Device::flex();
    let logits = Tensor::<4>::random([2, 3, 4, 5], Distribution::Normal(0.0, 2.0), &device);
    // The first head of the first example sees one key only.
    let mask = Tensor::<4>::full([1, 1, 4, 4], f32::NEG_INFINITY, &device);
    let logits = logits.slice_assign([0..1, 0..1, 0..4, 1..5], mask);
    let tokens = Tensor::<3>::random([2, 4, 6], Distribution::Normal(0.5, 1.0), &device);
    let mut taps = Taps::on();
    let same = taps.tap_attention("attention", logits.clone());
    assert_eq!(same.into_data(), logits.clone().into_data());
    let _ = taps.tap("tokens", tokens.clone());
    let module: Vec<burn::nn::Linear> = Vec::new();
    let mut hook = GradientHook::new(ATTENTION, Schedule::Every(1));
    let none = GradientsParams::new();
    let rows = hook.observe_with_taps(0, &module, &none, &taps).unwrap().rows().unwrap();

    let largest = values(logits.clone()).into_iter().fold(f64::MIN, f64::max);
    assert_eq!(value(&rows, &QuantityName::ATTENTION_MAX_LOGIT, "attention"), Some(largest));
    let weights = values(softmax(logits, 3));
    for head in 0..3 {
        let of_queries = weights.chunks(5).enumerate();
        let of_head = of_queries.filter(|(at, _)| at / 4 % 3 == head);
        let expected = of_head.map(|(_, weights)| entropy(weights)).sum::<f64>() / 8.0;
        let subject = format!("attention.heads.{head}");
        let ours = value(&rows, &QuantityName::ATTENTION_ENTROPY, &subject).unwrap();
        assert!((ours - expected).abs() < 1e-5, "{ours} for {expected}");
    }

    let tokens = values(tokens);
    let rows_of = |example: usize, token: usize| {
        let start = (example * 4 + token) * 6;
        &tokens[start..start + 6]
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut cosines = Vec::new();
    for example in 0..2 {
        for (i, j) in (0..4).flat_map(|i| (0..4).map(move |j| (i, j))).filter(|(i, j)| i != j) {
            let (a, b) = (rows_of(example, i), rows_of(example, j));
            cosines.push(dot(a, b) / (dot(a, a) * dot(b, b)).sqrt());
        }
    }
    let expected = cosines.iter().sum::<f64>() / cosines.len() as f64;
    let ours = value(&rows, &QuantityName::TOKEN_COSINE, "tokens").unwrap();
    assert!((ours - expected).abs() < 1e-5, "{ours} for {expected}");
}

#[test]
fn equal_tokens_have_a_cosine_of_one_and_the_zoos_transformer_and_burns_attention_are_measured() {
    let device = Device::flex();
    let mut hook = GradientHook::new(ATTENTION, Schedule::Every(1));
    let mut taps = hook.taps(0);
    let _ = taps.tap("alike", Tensor::<3>::ones([2, 5, 3], &device));
    let NetworkConfig::Transformer(transformer) = named("transformer").unwrap().miniature() else {
        panic!("no transformer");
    };
    let network = transformer.try_init(1, &device).unwrap();
    let elements = transformer.example_shape().iter().product();
    let x = Tensor::<2>::random([3, elements], Distribution::Default, &device);
    let _ = network.score(x, &mut taps);
    let burns: MultiHeadAttention = MultiHeadAttentionConfig::new(8, 2).init(&device);
    let burns = Tapped::named("burns", burns);
    let x = Tensor::<3>::random([3, 4, 8], Distribution::Default, &device);
    let _ = taps.collect(|| burns.forward(MhaInput::self_attn(x)));
    let none = GradientsParams::new();
    let rows = hook.observe_with_taps(0, &network, &none, &taps).unwrap().rows().unwrap();
    let cosine = value(&rows, &QuantityName::TOKEN_COSINE, "alike").unwrap();
    assert!((cosine - 1.0).abs() < 1e-6, "{cosine}");
    for subject in ["layers.0.attention.heads.1", "layers.1.attention.heads.0", "burns.heads.1"] {
        let entropy = value(&rows, &QuantityName::ATTENTION_ENTROPY, subject).unwrap();
        assert!((0.5..=4f64.ln() + 1e-6).contains(&entropy), "{subject}: {entropy}");
    }
    for subject in ["layers.0.attention", "layers.1", "burns"] {
        assert!(value(&rows, &QuantityName::TOKEN_COSINE, subject).is_some(), "{subject}");
    }
    assert!(value(&rows, &QuantityName::ATTENTION_MAX_LOGIT, "layers.0.attention").is_some());
}

#[test]
fn optional_quantities_are_in_no_other_list_and_read_nothing_for_it() {
    for quantity in [OPTIMIZER, ATTENTION, PRECISION].concat() {
        assert!(QUANTITIES.iter().all(|other| other.name() != quantity.name()));
    }
}
