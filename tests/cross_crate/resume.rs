//! A training that is stopped before any step and goes on from the bytes of its checkpoint measures
//! what an undisturbed one measures, bit for bit.

use std::io;
use std::process::Command;

use backdraft::{Backend, Precision};
use backdraft_hooks::{GradientHook, QUANTITIES, Row, Schedule, Taps};
use backdraft_layers::{Architecture, Network};
use backdraft_mlp::{MlpConfig, Normalization};
use backdraft_trainer::{
    Checkpoint, Clipping, Decision, Examples, Keeper, Listener, MeanSquaredError, OptimizerConfig,
    Outcome, Progress, RateSchedule, Splits, Trainer, TrainerConfig,
};
use backdraft_zoo::{NetworkConfig, ZooNetwork, architectures};
use burn::tensor::{Device, Tensor, TensorData};

const STEPS: u64 = 7;
const EXAMPLES: usize = 10;

/// Keeps every checkpoint as bytes, and stops before one step if asked.
#[derive(Default)]
struct Stopping {
    rows: Vec<Row>,
    stop_before: Option<u64>,
    from: Option<Vec<u8>>,
    kept: Vec<u8>,
}

impl Listener for Stopping {
    fn record(&mut self, rows: &[Row]) -> io::Result<()> {
        self.rows.record(rows)
    }

    fn progress(&mut self, _: Progress) {}

    fn keeper(&mut self) -> Option<&mut dyn Keeper> {
        Some(self)
    }
}

impl Keeper for Stopping {
    fn restore(&mut self) -> Option<Checkpoint> {
        self.from.take().map(|bytes| Checkpoint::from_bytes(&bytes).unwrap())
    }

    fn decide(&mut self, step: u64) -> Decision {
        if self.stop_before == Some(step) { Decision::KeepAndStop } else { Decision::Keep }
    }

    fn keep(&mut self, checkpoint: Checkpoint) -> io::Result<()> {
        self.kept = checkpoint.to_bytes();
        Ok(())
    }
}

fn optimizers() -> [OptimizerConfig; 4] {
    let (beta_1, beta_2, epsilon) = (0.9, 0.999, 1e-7);
    [
        OptimizerConfig::SGD,
        OptimizerConfig::Sgd { momentum: 0.9, weight_decay: 1e-4 },
        OptimizerConfig::ADAM,
        OptimizerConfig::AdamW { beta_1, beta_2, epsilon, weight_decay: 1e-2 },
    ]
}

fn trainer(optimizer: OptimizerConfig, rate_schedule: RateSchedule) -> TrainerConfig {
    TrainerConfig {
        seed: 3,
        steps: STEPS,
        batch_size: 4,
        optimizer,
        rate_schedule,
        clipping: Some(Clipping::GlobalNorm(0.5)),
        evaluate_every: 3,
        loss_every: 2,
        ..Default::default()
    }
}

/// Trains the network of `seed`.
fn fit(
    network: &NetworkConfig,
    seed: u64,
    trainer: &TrainerConfig,
    device: &Device,
    listener: &mut impl Listener,
) -> Outcome {
    let elements: usize = network.example_shape().iter().product();
    let table = |columns: usize| {
        let value = |i: usize| ((i * i + 3 * i) as f64 * 0.37).sin();
        let values: Vec<f64> = (0..EXAMPLES * columns).map(value).collect();
        Tensor::<2>::from_data(TensorData::new(values, [EXAMPLES, columns]), device)
    };
    // What varies a batch must come back as well.
    let data = Examples::new(table(elements), table(network.outputs()))
        .varied(|x, step| x * (1.0 + 0.1 * step as f64));
    let model = network.try_init(seed, &device.clone().autodiff()).unwrap();
    let forward = |model: &ZooNetwork, x: Tensor<2>, taps: &mut Taps| model.score(x, taps);
    let mut hook = GradientHook::new(QUANTITIES, Schedule::Every(1));
    let splits = Splits { train: &data, test: &data };
    let trainer = Trainer::new(trainer.clone(), device).unwrap();
    trainer.fit(model, splits, forward, &MeanSquaredError, &mut hook, listener).unwrap().1
}

/// As JSON lines, which tell every bit of a finite number.
fn text(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect()
}

/// Stops before each step, goes on, and compares with a run that knows no checkpoints.
fn compare(network: &NetworkConfig, trainer: &TrainerConfig, device: &Device) {
    let mut undisturbed: Vec<Row> = Vec::new();
    assert_eq!(fit(network, 1, trainer, device, &mut undisturbed), Outcome::Finished);
    for step in 0..STEPS {
        let mut stopping = Stopping { stop_before: Some(step), ..Default::default() };
        let outcome = fit(network, 1, trainer, device, &mut stopping);
        assert_eq!(outcome, Outcome::Interrupted { step });
        let Stopping { rows, kept, .. } = stopping;
        // Another initial network: nothing of it may remain.
        let mut resumed = Stopping { from: Some(kept), rows, ..Default::default() };
        assert_eq!(fit(network, 8, trainer, device, &mut resumed), Outcome::Finished);
        let what = format!("{}, {:?}, step {step}", network.name(), trainer.optimizer);
        assert_eq!(text(&resumed.rows), text(&undisturbed), "{what}");
    }
}

fn compare_all(device: &Device) {
    let cosine = RateSchedule::Cosine;
    for entry in architectures() {
        let trainer = trainer(OptimizerConfig::ADAM, RateSchedule::Constant);
        compare(&entry.default.miniature(), &trainer, device);
    }
    let normalization = Normalization::Batch;
    let mlp = NetworkConfig::Mlp(MlpConfig { normalization, ..MlpConfig::default().miniature() });
    for optimizer in optimizers() {
        compare(&mlp, &trainer(optimizer, cosine), device);
    }
}

#[test]
fn every_architecture_and_optimiser_goes_on_bit_for_bit_on_flex() {
    compare_all(&Device::flex());
}

#[cfg(feature = "ndarray")]
#[test]
fn every_architecture_and_optimiser_goes_on_bit_for_bit_on_ndarray() {
    compare_all(&Backend::select(Some("ndarray")).unwrap().1);
}

/// Precision is the process's: this one has a process of its own.
#[test]
fn every_architecture_and_optimiser_goes_on_bit_for_bit_in_f64() {
    let program = std::env::current_exe().unwrap();
    let name = "resume::in_a_process_with_f64";
    let output = Command::new(program).args(["--exact", name, "--ignored"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn in_a_process_with_f64() {
    let (_, device) = Backend::select_with(Some("flex"), Precision::F64).unwrap();
    compare_all(&device);
}
