//! A real training with Burn's own loop, watched.

use std::path::Path;
use std::sync::Arc;

use backdraft_hooks::burn_train::Watch;
use backdraft_hooks::{
    CallbackSink, GradientHook, MomentConstants, OPTIMIZER, QUANTITIES, QuantityName, Row,
    Schedule, Sink, Subject, Tapped, Thresholds, backward, with_taps,
};
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderBuilder};
use burn::data::dataset::InMemDataset;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::optim::lr_scheduler::constant::ConstantLr;
use burn::optim::{AdamConfig, GradientsAccumulator, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use burn_train::metric::LossMetric;
use burn_train::{
    InferenceStep, Learner, RegressionOutput, SupervisedTraining, TrainOutput, TrainStep,
};

/// Batches in an epoch.
const BATCHES: usize = 8;
const EPOCHS: usize = 3;
const RATE: f64 = 0.05;
const MOMENTS: MomentConstants = MomentConstants { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-5 };

#[derive(Module, Debug)]
struct Regressor {
    first: Tapped<Linear>,
    second: Linear,
    /// Never used: the diagnosis must say so.
    forgotten: Linear,
}

#[derive(Clone, Debug)]
struct Pairs {
    inputs: Tensor<2>,
    targets: Tensor<2>,
}

struct Stack;

impl Batcher<f32, Pairs> for Stack {
    fn batch(&self, items: Vec<f32>, device: &Device) -> Pairs {
        let column = |values: Vec<f32>| {
            Tensor::<1>::from_floats(values.as_slice(), device).unsqueeze_dim::<2>(1)
        };
        let targets = items.iter().map(|x| x.sin()).collect();
        Pairs { inputs: column(items), targets: column(targets) }
    }
}

impl Regressor {
    fn new(device: &Device) -> Self {
        let linear = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        let first = Tapped::new(linear(1, 16));
        Self { first, second: linear(16, 1), forgotten: linear(16, 16) }
    }

    fn score(&self, pairs: Pairs) -> RegressionOutput {
        let hidden = relu(self.first.forward(pairs.inputs));
        let output = with_taps(|taps| taps.tap("second", self.second.forward(hidden)));
        let loss = (output.clone() - pairs.targets.clone()).square().mean();
        RegressionOutput::new(loss, output, pairs.targets)
    }
}

impl TrainStep for Regressor {
    type Input = Pairs;
    type Output = RegressionOutput;

    fn step(&self, pairs: Pairs) -> TrainOutput<RegressionOutput> {
        let output = self.score(pairs);
        TrainOutput::new(self, backward(output.loss.clone()), output)
    }
}

impl InferenceStep for Regressor {
    type Input = Pairs;
    type Output = RegressionOutput;

    fn step(&self, pairs: Pairs) -> RegressionOutput {
        self.score(pairs)
    }
}

fn loader() -> Arc<dyn DataLoader<Pairs>> {
    let items = (0..BATCHES * 4).map(|i| i as f32 * 0.2 - 3.0).collect();
    DataLoaderBuilder::new(Stack).batch_size(4).build(InMemDataset::new(items))
}

/// Trains a watched model; returns the model as it is afterwards.
fn train_with(
    watch: &Watch,
    model: Regressor,
    directory: &Path,
    batches: Option<usize>,
) -> Regressor {
    let training = SupervisedTraining::new(directory, loader(), loader())
        .num_epochs(EPOCHS)
        .with_application_logger(None)
        .metric_train_numeric(LossMetric::new())
        .metric_valid_numeric(LossMetric::new())
        .metric_train_numeric(watch.metric(QuantityName::GRADIENT_NORM, Subject::NETWORK))
        .metric_train_numeric(watch.metric(QuantityName::GRADIENT_NORM, "first.weight"));
    let training = match batches {
        Some(batches) => training.grads_accumulation(batches),
        None => training,
    };
    let model = watch.model(model);
    let learner = Learner::new(model, AdamConfig::new().init(), ConstantLr::new(RATE));
    training.launch(learner).model.model
}

fn hook(every: u64) -> GradientHook {
    GradientHook::new(&[QUANTITIES, OPTIMIZER].concat(), Schedule::Every(every))
}

fn new_model() -> Regressor {
    Regressor::new(&Device::flex().autodiff())
}

fn train(directory: &Path) -> Watch {
    let watch = Watch::new(hook(2));
    train_with(&watch, new_model(), directory, None);
    watch
}

/// The same training in a loop of one's own.
fn by_hand(mut model: Regressor, batches: usize) -> Vec<Row> {
    let device = Device::flex().autodiff();
    let (mut hook, mut optimizer) = (hook(1), AdamConfig::new().init());
    let (mut rows, mut step) = (Vec::new(), 0);
    for _ in 0..EPOCHS {
        let mut accumulator = GradientsAccumulator::new();
        let mut taps = hook.taps(step);
        for batch in 0..BATCHES {
            let items = (0..4).map(|i| (batch * 4 + i) as f32 * 0.2 - 3.0).collect();
            let pairs = Stack.batch(items, &device);
            let gradients = taps.collect(|| backward(model.score(pairs).loss));
            accumulator.accumulate(&model, GradientsParams::from_grads(gradients, &model));
            if (batch + 1) % batches == 0 || batch + 1 == BATCHES {
                let gradients = accumulator.grads();
                let observation = hook.observe_with_taps(step, &model, &gradients, &taps).unwrap();
                model = optimizer.step(RATE, model, gradients);
                let observed = observation.rows_after_optimizer(&model, &optimizer, MOMENTS);
                rows.extend(observed.unwrap());
                step += 1;
                taps = hook.taps(step);
            }
        }
    }
    rows
}

fn course(rows: &[Row], quantity: &str, subject: &str) -> Vec<(u64, f64)> {
    let fits = |row: &&Row| row.quantity.as_str() == quantity && row.subject == subject;
    rows.iter().filter(fits).map(|row| (row.step, row.value)).collect()
}

#[test]
fn gradient_norms_stand_in_burns_logs() {
    let directory = tempfile::tempdir().unwrap();
    let rows = train(directory.path()).rows().unwrap();
    for subject in ["network", "first.weight"] {
        let norms = course(&rows, "gradient_norm", subject);
        let steps: Vec<u64> = norms.iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, (0..(BATCHES * EPOCHS) as u64).step_by(2).collect::<Vec<_>>());
        for epoch in 0..EPOCHS {
            let log = directory.path().join(format!("train/epoch-{}", epoch + 1));
            let log = log.join(format!("gradient_norm_of_{subject}.log"));
            let text = std::fs::read_to_string(&log)
                .unwrap_or_else(|error| panic!("{}: {error}", log.display()));
            let logged: Vec<f64> =
                text.lines().filter_map(|line| line.split(',').next()?.parse().ok()).collect();
            // Each value stands twice: the batch in between repeats it. The epoch's mean follows.
            let observed = &norms[epoch * BATCHES / 2..(epoch + 1) * BATCHES / 2];
            let expected: Vec<f64> = observed.iter().flat_map(|(_, norm)| [*norm; 2]).collect();
            assert_eq!(logged[..BATCHES], expected, "{subject}, epoch {epoch}");
        }
    }
    assert_eq!(course(&rows, "update_ratio", "first.weight").len(), BATCHES * EPOCHS / 2);
}

#[test]
fn the_diagnosis_of_a_learner_names_the_forgotten_layer() {
    let directory = tempfile::tempdir().unwrap();
    let findings = train(directory.path()).diagnose(&Thresholds::default());
    let missing = findings.iter().filter(|finding| finding.rule == "missing-gradient");
    let missing: Vec<&str> = missing.map(|finding| finding.subject.as_str()).collect();
    assert_eq!(missing, ["forgotten.weight", "forgotten.bias"]);
}

/// Every quantity of what the optimiser gets: gradients, updates, taps; 3 batches leave 2 at the end.
#[test]
fn a_learner_measures_what_a_loop_of_ones_own_does_accumulated_or_not() {
    for batches in [1, 3, 4] {
        let directory = tempfile::tempdir().unwrap();
        let (watch, model) = (Watch::new(hook(1)).with_moment_constants(MOMENTS), new_model());
        let expected = by_hand(model.clone(), batches);
        train_with(&watch, model, directory.path(), (batches > 1).then_some(batches));
        let rows = watch.rows().unwrap();
        assert_eq!(rows.len(), expected.len(), "{batches}");
        for (ours, theirs) in rows.iter().zip(&expected) {
            let key = |row: &Row| (row.step, row.quantity.clone(), row.subject.clone());
            assert_eq!(key(ours), key(theirs), "{batches}");
            assert_eq!(ours.value.to_bits(), theirs.value.to_bits(), "{batches}: {ours:?}");
        }
        let steps = EPOCHS * BATCHES.div_ceil(batches);
        let measured = |quantity, subject| course(&rows, quantity, subject).len();
        assert_eq!(measured("update_ratio", "first.weight"), steps);
        assert_eq!(measured("moment_ratio", "first.weight"), steps);
        assert_eq!(measured("activation_gradient_norm", "first"), steps);
        assert_eq!(measured("activation_gradient_norm", "second"), steps);
    }
}

#[test]
fn a_sink_gets_everything_and_memory_is_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let file = Arc::new(std::sync::Mutex::new(Vec::new()));
    let into = Arc::clone(&file);
    let sink = CallbackSink::new(move |rows: &[Row]| {
        into.lock().unwrap().extend_from_slice(rows);
    });
    let watch = Watch::new(hook(1)).with_sink(sink).with_kept_observations(5);
    train_with(&watch, new_model(), directory.path(), None);
    let steps = |rows: &[Row]| -> Vec<u64> {
        course(rows, "gradient_norm", "network").iter().map(|(step, _)| *step).collect()
    };
    assert_eq!(steps(&file.lock().unwrap()), (0..24).collect::<Vec<_>>());
    assert_eq!(steps(&watch.rows().unwrap()), [0, 8, 16, 23]);
}

struct Full;

impl Sink for Full {
    fn write(&mut self, _: &[Row]) -> std::io::Result<()> {
        Err(std::io::Error::other("disk full"))
    }
}

#[test]
fn a_sink_that_fails_is_reported_and_training_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let watch = Watch::new(hook(1)).with_sink(Full);
    train_with(&watch, new_model(), directory.path(), None);
    assert_eq!(watch.rows().unwrap_err().to_string(), "the rows could not be written: disk full");
}

#[test]
fn summary_and_debug_output_stay_short() {
    let directory = tempfile::tempdir().unwrap();
    let watch = train(directory.path());
    let watched = watch.model(new_model());
    let text = format!("{watch:?}");
    assert!(text.starts_with("Watch { steps: 24, rows: ") && text.len() < 60, "{text}");
    for text in [format!("{watched}"), format!("{watched:?}")] {
        assert!(text.len() < 6_000 && !text.contains("gradient_norm"), "{}", text.len());
    }
}

#[test]
fn weights_of_a_watched_model_load_into_the_bare_one() {
    let watched = Watch::new(hook(1)).model(new_model());
    let expected = watched.model.first.layer.weight.val().into_data();
    let bare = new_model().load_record(watched.into_record());
    assert_eq!(bare.first.layer.weight.val().into_data(), expected);
    let again = Watch::new(hook(1)).model(new_model()).load_record(bare.into_record());
    assert_eq!(again.model.first.layer.weight.val().into_data(), expected);
}
