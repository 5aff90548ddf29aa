//! A real training with Burn's own loop, watched.

use std::path::Path;
use std::sync::Arc;

use backdraft_hooks::burn_train::Watch;
use backdraft_hooks::{GradientHook, QUANTITIES, QuantityName, Row, Schedule, Subject, Thresholds};
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderBuilder};
use burn::data::dataset::InMemDataset;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::optim::SgdConfig;
use burn::optim::lr_scheduler::constant::ConstantLr;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use burn_train::metric::LossMetric;
use burn_train::{
    InferenceStep, Learner, RegressionOutput, SupervisedTraining, TrainOutput, TrainStep,
};

/// Batches in an epoch.
const BATCHES: usize = 8;
const EPOCHS: usize = 3;

#[derive(Module, Debug)]
struct Regressor {
    first: Linear,
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
        Self { first: linear(1, 16), second: linear(16, 1), forgotten: linear(16, 16) }
    }

    fn score(&self, pairs: Pairs) -> RegressionOutput {
        let output = self.second.forward(relu(self.first.forward(pairs.inputs)));
        let loss = (output.clone() - pairs.targets.clone()).square().mean();
        RegressionOutput::new(loss, output, pairs.targets)
    }
}

impl TrainStep for Regressor {
    type Input = Pairs;
    type Output = RegressionOutput;

    fn step(&self, pairs: Pairs) -> TrainOutput<RegressionOutput> {
        let output = self.score(pairs);
        TrainOutput::new(self, output.loss.backward(), output)
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

fn train(directory: &Path, accumulation: Option<usize>) -> Watch {
    let watch = Watch::new(GradientHook::new(QUANTITIES, Schedule::Every(2)));
    let training = SupervisedTraining::new(directory, loader(), loader())
        .num_epochs(EPOCHS)
        .with_application_logger(None)
        .metric_train_numeric(LossMetric::new())
        .metric_valid_numeric(LossMetric::new())
        .metric_train_numeric(watch.metric(QuantityName::GRADIENT_NORM, Subject::NETWORK))
        .metric_train_numeric(watch.metric(QuantityName::GRADIENT_NORM, "first.weight"));
    let training = match accumulation {
        Some(batches) => training.grads_accumulation(batches),
        None => training,
    };
    let model = watch.model(Regressor::new(&Device::flex().autodiff()));
    training.launch(Learner::new(model, SgdConfig::new().init(), ConstantLr::new(0.05)));
    watch
}

fn course(rows: &[Row], quantity: &str, subject: &str) -> Vec<(u64, f64)> {
    let fits = |row: &&Row| row.quantity.as_str() == quantity && row.subject == subject;
    rows.iter().filter(fits).map(|row| (row.step, row.value)).collect()
}

#[test]
fn gradient_norms_stand_in_burns_logs() {
    let directory = tempfile::tempdir().unwrap();
    let rows = train(directory.path(), None).rows().unwrap();
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
    let findings = train(directory.path(), None).diagnose(&Thresholds::default());
    let missing = findings.iter().filter(|finding| finding.rule == "missing-gradient");
    let missing: Vec<&str> = missing.map(|finding| finding.subject.as_str()).collect();
    assert_eq!(missing, ["forgotten.weight", "forgotten.bias"]);
}

/// With accumulation the optimiser steps every fourth batch; batches in between have no update.
#[test]
fn accumulated_batches_are_observed_one_by_one() {
    let directory = tempfile::tempdir().unwrap();
    let rows = train(directory.path(), Some(4)).rows().unwrap();
    let steps = |quantity| -> Vec<u64> {
        course(&rows, quantity, "first.weight").iter().map(|(step, _)| *step).collect()
    };
    assert_eq!(steps("gradient_norm").len(), BATCHES * EPOCHS / 2);
    // Batches 3, 7, … are followed by a step, but only even ones are observed.
    assert_eq!(steps("update_ratio"), Vec::<u64>::new());
}
