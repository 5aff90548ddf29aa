//! Times one training step, hooks off and on, on the CPU back end `flex`, or on the one that
//! `BACKDRAFT_BACKEND` names: GPUs get larger workloads.
//!
//! `cargo bench --bench training_step` prints the table; `training_step.py` beside this file prints
//! PyTorch's side. Variants are interleaved and the medians compared, because machines are shared.
//! An argument selects the workloads whose name contains it.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints its table")]

use std::time::Instant;

use backdraft::Backend;
use backdraft_hooks::{GradientHook, GradientNorm, QUANTITIES, Quantity, Schedule};
use backdraft_layers::{Activation, Architecture, Network};
use backdraft_mlp::MlpConfig;
use backdraft_recurrent::{Cell, RecurrentConfig};
use backdraft_resnet::ResnetConfig;
use backdraft_trainer::{BinaryCrossEntropy, CrossEntropy, Objective, OptimizerConfig};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Distribution, Tensor};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 41;
/// A GPU's steps are slower to warm up, and less disturbed by neighbours.
const GPU_ROUNDS: usize = 11;

/// What is attached to the loop.
#[derive(Clone, Copy)]
enum Hooks {
    Off,
    Norms,
    AllEveryTenth,
}

struct Training<N> {
    network: Option<N>,
    optimizer: ModuleOptimizer,
    hook: GradientHook,
    inputs: Tensor<2>,
    targets: Tensor<2>,
    step: u64,
}

impl<N: Network> Training<N> {
    fn new(
        config: &impl Architecture<Network = N>,
        batch: usize,
        hooks: Hooks,
        device: &Device,
    ) -> Self {
        let (quantities, schedule): (Vec<&'static dyn Quantity>, _) = match hooks {
            Hooks::Off => (vec![], Schedule::Never),
            Hooks::Norms => (vec![&GradientNorm], Schedule::Every(1)),
            Hooks::AllEveryTenth => (QUANTITIES.to_vec(), Schedule::Every(10)),
        };
        let elements = config.example_shape().iter().product();
        let inputs = Tensor::random([batch, elements], Distribution::Normal(0.0, 1.0), device);
        Self {
            network: Some(config.try_init(0, &device.clone().autodiff()).unwrap()),
            optimizer: OptimizerConfig::ADAM.init(),
            hook: GradientHook::new(&quantities, schedule),
            targets: inputs.clone().slice([0..batch, 0..1]).greater_elem(0.0).float(),
            inputs,
            step: 0,
        }
    }

    fn step(&mut self) {
        let network = self.network.take().unwrap();
        let mut taps = self.hook.taps(self.step);
        let outputs = network.score(self.inputs.clone(), &mut taps);
        let targets = self.targets.clone();
        let loss = match outputs.dims()[1] {
            1 => BinaryCrossEntropy.loss(outputs, targets),
            _ => CrossEntropy.loss(outputs, targets.squeeze_dim::<1>(1).int()),
        };
        let mut gradients = loss.backward();
        let observation = self.hook.observe_with_taps(self.step, &network, &gradients, &taps);
        let gradients = GradientsParams::from_module(&mut gradients, &network);
        let network = self.optimizer.step(1e-3, network, gradients);
        if let Some(observation) = observation {
            std::hint::black_box(observation.rows_after_step(&network).unwrap());
        }
        self.network = Some(network);
        self.step += 1;
    }

    /// Milliseconds per step.
    fn time(&mut self, steps: u64) -> f64 {
        let start = Instant::now();
        (0..steps).for_each(|_| self.step());
        self.inputs.device().sync().unwrap();
        start.elapsed().as_secs_f64() * 1e3 / steps as f64
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Where to measure, and how often.
struct Bench {
    device: Device,
    rounds: usize,
}

impl Bench {
    fn measure(&self, name: &str, config: &impl Architecture, batch: usize, steps: u64) {
        // Cargo adds `--bench`.
        let mut wanted = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
        if wanted.next().is_some_and(|wanted| !name.contains(&wanted)) {
            return;
        }
        let mut trainings = [Hooks::Off, Hooks::Norms, Hooks::AllEveryTenth]
            .map(|hooks| Training::new(config, batch, hooks, &self.device));
        trainings.iter_mut().for_each(|training| {
            let _warm_up = training.time(steps.div_ceil(4).max(2));
        });
        let mut round = || trainings.each_mut().map(|training| training.time(steps));
        let rounds: Vec<[f64; 3]> = (0..self.rounds).map(|_| round()).collect();
        let off = median(rounds.iter().map(|round| round[0]).collect());
        let ratio =
            |which: usize| median(rounds.iter().map(|round| round[which] / round[0]).collect());
        println!("{name:<26} {off:>9.4} {:>12.3} {:>16.3}", ratio(1), ratio(2));
    }
}

fn main() {
    let (backend, device) = Backend::select(None).unwrap();
    println!(
        "{:<26} {:>9} {:>12} {:>16}",
        format!("ms per step on {}", backend.name),
        "hooks off",
        "norms / off",
        "all, 10th / off"
    );
    let mlp = |activation, depth| MlpConfig { activation, depth, ..Default::default() };
    if ["flex", "ndarray"].contains(&backend.name) {
        let bench = Bench { device, rounds: ROUNDS };
        bench.measure("3x64 ReLU, batch 32", &mlp(Activation::Relu, 3), 32, 100);
        bench.measure("3x64 sigmoid, batch 32", &mlp(Activation::Sigmoid, 3), 32, 100);
        bench.measure("3x64 ReLU, batch 256", &mlp(Activation::Relu, 3), 256, 50);
        bench.measure("50x64 ReLU, batch 128", &mlp(Activation::Relu, 50), 128, 10);
        bench.measure("ResNet-20, batch 32", &ResnetConfig::small_images(20), 32, 1);
        return;
    }
    let bench = Bench { device, rounds: GPU_ROUNDS };
    let lstm = |length| RecurrentConfig { cell: Cell::Lstm, length, ..Default::default() };
    for batch in [128, 1_024] {
        let name = |network: &str| format!("{network}, batch {batch}");
        bench.measure(&name("50x64 ReLU"), &mlp(Activation::Relu, 50), batch, 20);
        bench.measure(&name("LSTM T=100"), &lstm(100), batch, 5);
        bench.measure(&name("LSTM T=800"), &lstm(800), batch, 2);
        bench.measure(&name("ResNet-20"), &ResnetConfig::small_images(20), batch, 5);
        bench.measure(&name("ResNet-110"), &ResnetConfig::small_images(110), batch, 2);
    }
}
