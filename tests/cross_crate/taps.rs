//! Taps: with accumulated gradients, with units on any axis, and by a change of types alone.

use backdraft_hooks::{
    GradientHook, Nonlinearity, QUANTITIES, QuantityName, Row, Schedule, Tapped, Taps,
};
use backdraft_layers::Activation;
use backdraft_trainer::{
    BinaryCrossEntropy, Examples, Ignore, MeanSquaredError, Objective, Splits, TrainError, Trainer,
    TrainerConfig,
};
use burn::module::Module;
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig, Lstm, LstmConfig, Relu};
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::{Device, Distribution, Int, Tensor};

use crate::{batch, config, relative_difference, tensors};

fn hook() -> GradientHook {
    GradientHook::new(QUANTITIES, Schedule::Every(1))
}

fn of<'a>(rows: &'a [Row], quantity: &QuantityName, subject: &str) -> Option<f64> {
    let fits = |row: &&'a Row| row.quantity == *quantity && row.subject == subject;
    rows.iter().find(fits).map(|row| row.value)
}

/// Asserts that two observations have the same rows, to a relative `tolerance`.
fn assert_same(ours: &[Row], theirs: &[Row], tolerance: f64) {
    assert_eq!(ours.len(), theirs.len());
    for (a, b) in ours.iter().zip(theirs) {
        assert_eq!((&a.quantity, &a.subject), (&b.quantity, &b.subject));
        let is_close = relative_difference(a.value, b.value) < tolerance;
        assert!(is_close || (a.value - b.value).abs() < 1e-9, "{a:?} and {b:?}");
    }
}

/// The sum over a batch is the sum over its parts, and so is everything that taps measure.
#[test]
fn taps_of_accumulated_passes_measure_what_those_of_the_large_batch_do() {
    let device = Device::flex().autodiff();
    let (inputs, targets) = batch(32, 7);
    for activation in [Activation::Relu, Activation::Sigmoid, Activation::Tanh] {
        let network = config(activation, 3).init(3, &device);
        let loss = |rows: std::ops::Range<usize>, taps: &mut Taps| {
            let count = rows.len() as f32;
            let (x, y) = tensors(&inputs[rows.clone()], &targets[rows], &device);
            BinaryCrossEntropy.loss(network.forward(x, taps), y) * count
        };
        let mut taps = hook().taps(0);
        let gradients = loss(0..32, &mut taps).backward();
        let whole = hook().observe_with_taps(0, &network, &gradients, &taps).unwrap();
        let whole = whole.rows().unwrap();

        let (mut taps, mut accumulator) = (hook().taps(0), GradientsAccumulator::new());
        for rows in [0..10, 10..11, 11..32] {
            let gradients = loss(rows, &mut taps).backward();
            taps.accumulate(&gradients);
            accumulator.accumulate(&network, GradientsParams::from_grads(gradients, &network));
        }
        let sum = accumulator.grads();
        let rows = hook().observe_with_taps(0, &network, &sum, &taps).unwrap().rows().unwrap();
        let without_bins = |rows: Vec<Row>| -> Vec<Row> {
            let is_bin = |row: &Row| row.quantity == QuantityName::GRADIENT_HISTOGRAM;
            rows.into_iter().filter(|row| !is_bin(row)).collect()
        };
        // A sum in another order moves elements by a rounding error, and so some to the next decade.
        assert_same(&without_bins(rows), &without_bins(whole), 2e-5);
    }
}

#[test]
fn a_unit_is_dead_only_if_it_is_zero_in_every_accumulated_pass() {
    let device = Device::flex().autodiff();
    let model: Linear = LinearConfig::new(3, 3).init(&device);
    let mut taps = Taps::on();
    for silent in [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]] {
        let x = model.forward(Tensor::<2>::ones([2, 3], &device)) * 0.0;
        let x = x + Tensor::<1>::from_floats(silent, &device).unsqueeze();
        let y = taps.tap_output("relu", Nonlinearity::Rectifier, relu(x));
        taps.accumulate(&y.sum().backward());
    }
    let gradients = GradientsParams::new();
    let rows = hook().observe_with_taps(0, &model, &gradients, &taps).unwrap().rows().unwrap();
    assert_eq!(of(&rows, &QuantityName::DEAD_SHARE, "relu"), Some(1.0 / 3.0));
    // 12 elements whose gradient is 1 each.
    let norm = of(&rows, &QuantityName::ACTIVATION_GRADIENT_NORM, "relu").unwrap();
    assert!((norm - 12f64.sqrt()).abs() < 1e-6);
}

#[test]
fn a_tap_says_which_axis_is_the_units() {
    let device = Device::flex();
    let model: Linear = LinearConfig::new(1, 1).init(&device);
    // Two examples of three channels at four times; the second channel is silent.
    let values: Vec<f32> = (0..24).map(|i| if i / 4 % 3 == 1 { 0.0 } else { 1.0 }).collect();
    let values = Tensor::<1>::from_floats(values.as_slice(), &device).reshape([2, 3, 4]);
    let share = |tap: &dyn Fn(&mut Taps)| {
        let mut taps = Taps::on();
        tap(&mut taps);
        let none = GradientsParams::new();
        let rows = hook().observe_with_taps(0, &model, &none, &taps).unwrap().rows().unwrap();
        of(&rows, &QuantityName::DEAD_SHARE, "conv").unwrap()
    };
    let rectifier = Nonlinearity::Rectifier;
    let channels = share(&|taps| drop(taps.tap_units("conv", rectifier, 1, values.clone())));
    assert_eq!(channels, 1.0 / 3.0);
    let times = share(&|taps| drop(taps.tap_output("conv", rectifier, values.clone())));
    assert_eq!(times, 0.0, "axis 2 is time here, and something happens at each");
}

#[derive(Module, Debug)]
struct Plain {
    embedding: Embedding,
    conv: Conv1d,
    rnn: Lstm,
    hidden: Vec<Linear>,
}

/// The same with other types.
#[derive(Module, Debug)]
struct Watched {
    embedding: Tapped<Embedding>,
    conv: Tapped<Conv1d>,
    rnn: Tapped<Lstm>,
    hidden: Vec<Tapped<Linear>>,
    silent: Tapped<Relu>,
}

impl Watched {
    fn forward(&self, tokens: Tensor<2, Int>) -> Tensor<3> {
        let x = self.embedding.forward(tokens).swap_dims(1, 2);
        let x = self.silent.forward(self.conv.forward(x)).swap_dims(1, 2);
        let (x, _) = self.rnn.forward(x, None);
        self.hidden.iter().fold(x, |x, layer| sigmoid(layer.forward(x)))
    }
}

impl Plain {
    fn new(device: &Device) -> Self {
        Self {
            embedding: EmbeddingConfig::new(5, 4).init(device),
            conv: Conv1dConfig::new(4, 6, 1).init(device),
            rnn: LstmConfig::new(6, 3, true).init(device),
            hidden: (0..2).map(|_| LinearConfig::new(3, 3).init(device)).collect(),
        }
    }

    fn watched(self) -> Watched {
        let Self { embedding, conv, rnn, hidden } = self;
        Watched {
            embedding: embedding.into(),
            conv: conv.into(),
            rnn: rnn.into(),
            hidden: hidden.into_iter().map(Tapped::new).collect(),
            silent: Tapped::named("conv.relu", Relu::new()),
        }
    }

    fn forward(&self, tokens: Tensor<2, Int>, taps: &mut Taps) -> Tensor<3> {
        let other = Nonlinearity::Other;
        let x = taps.tap("embedding", self.embedding.forward(tokens)).swap_dims(1, 2);
        let x = taps.tap_units("conv", other, 1, self.conv.forward(x));
        let x = taps.tap_output("conv.relu", Nonlinearity::Rectifier, relu(x)).swap_dims(1, 2);
        let x = taps.tap("rnn", self.rnn.forward(x, None).0);
        self.hidden.iter().enumerate().fold(x, |x, (at, layer)| {
            sigmoid(taps.tap(format_args!("hidden.{at}"), layer.forward(x)))
        })
    }
}

#[test]
fn a_change_of_types_taps_what_a_changed_forward_pass_would() {
    let device = Device::flex().autodiff();
    let plain = Plain::new(&device);
    let watched = plain.clone().watched();
    let tokens = Tensor::<2, Int>::from_ints([[0, 1, 2, 3], [4, 3, 2, 1]], &device);

    let mut taps = Taps::on();
    let gradients = plain.forward(tokens.clone(), &mut taps).sum().backward();
    let by_hand = hook().observe_with_taps(0, &plain, &gradients, &taps).unwrap();
    let mut taps = Taps::on();
    let output = taps.collect(|| watched.forward(tokens.clone()));
    let gradients = output.sum().backward();
    let by_type = hook().observe_with_taps(0, &watched, &gradients, &taps).unwrap();
    let (by_hand, by_type) = (by_hand.rows().unwrap(), by_type.rows().unwrap());
    assert_same(&by_type, &by_hand, 1e-6);
    assert!(of(&by_type, &QuantityName::ACTIVATION_GRADIENT_NORM, "hidden.1").unwrap() > 0.0);
    assert!(of(&by_type, &QuantityName::GRADIENT_NORM, "hidden.1.weight").unwrap() > 0.0);

    // Outside of `collect` nothing is tapped, and filters take the names of layers.
    let mut hook = hook().with_filter(backdraft_hooks::Filter::all().include("hidden.?"));
    let mut taps = hook.taps(0);
    drop(watched.forward(tokens.clone()));
    let gradients = taps.collect(|| watched.forward(tokens)).sum().backward();
    let rows = hook.observe_with_taps(0, &watched, &gradients, &taps).unwrap().rows().unwrap();
    let mut names: Vec<&str> = rows.iter().map(|row| row.subject.path()).collect();
    names.dedup();
    names.retain(|name| *name != "network");
    assert_eq!(names, ["hidden.0", "hidden.1"]);
}

#[test]
fn weights_pass_between_a_tapped_model_and_a_plain_one() {
    let device = Device::flex();
    let numbers = |model: &Plain| model.hidden[1].weight.val().into_data();
    let (plain, other) = (Plain::new(&device), Plain::new(&device));
    let record = plain.clone().watched().into_record();
    assert_eq!(numbers(&other.clone().load_record(record)), numbers(&plain));
    let watched = other.watched().load_record(plain.clone().into_record());
    assert_eq!(watched.hidden[1].layer.weight.val().into_data(), numbers(&plain));
    assert_eq!(watched.num_params(), plain.num_params());
    assert!(watched.to_string().contains("Linear"), "{watched}");
}

fn fit(model: Vec<Linear>) -> Result<(), TrainError> {
    let device = Device::flex();
    let examples = Examples::new(
        Tensor::<2>::random([8, 3], Distribution::Default, &device),
        Tensor::<2>::zeros([8, 3], &device),
    );
    let trainer = Trainer::new(TrainerConfig { steps: 2, ..Default::default() }, &device)?;
    let splits = Splits { train: &examples, test: &examples };
    let forward =
        |model: &Vec<Linear>, x, _: &mut Taps| model.iter().fold(x, |x, layer| layer.forward(x));
    trainer.fit(model, splits, forward, &MeanSquaredError, &mut hook(), &mut Ignore).map(drop)
}

#[test]
fn a_model_on_a_device_without_autodiff_is_refused_with_the_remedy() {
    let (plain, autodiff) = (Device::flex(), Device::flex().autodiff());
    let layer = |device: &Device| -> Linear { LinearConfig::new(3, 3).init(device) };
    fit(vec![layer(&autodiff), layer(&autodiff)]).unwrap();
    // A part without autodiff is a part that is not trained.
    fit(vec![layer(&plain), layer(&autodiff)]).unwrap();
    fit(vec![layer(&autodiff), layer(&autodiff).valid()]).unwrap();
    for model in [
        vec![layer(&plain), layer(&plain)],
        vec![layer(&autodiff).valid(), layer(&plain)],
        vec![layer(&autodiff).no_grad(), layer(&autodiff).no_grad()],
        Vec::new(),
    ] {
        let error = fit(model).unwrap_err();
        assert!(matches!(error, TrainError::NotDifferentiable), "{error}");
        assert!(error.to_string().contains("device.autodiff()"), "{error}");
    }
}
