//! Times one training step, hooks off and on, on the CPU back end `flex`.
//!
//! `cargo bench --bench training_step` prints the table; `training_step.py` beside this file prints
//! PyTorch's side. Variants are interleaved and the medians compared, because machines are shared.
//! An argument selects the workloads whose name contains it.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints its table")]

use std::time::Instant;

use backdraft_hooks::{GradientHook, GradientNorm, QUANTITIES, Quantity, Schedule};
use backdraft_layers::{Activation, Architecture, Network};
use backdraft_mlp::MlpConfig;
use backdraft_resnet::ResnetConfig;
use backdraft_trainer::{BinaryCrossEntropy, CrossEntropy, Objective, OptimizerConfig};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Distribution, Tensor};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 41;

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
    fn new(config: &impl Architecture<Network = N>, batch: usize, hooks: Hooks) -> Self {
        let device = Device::flex();
        let (quantities, schedule): (Vec<&'static dyn Quantity>, _) = match hooks {
            Hooks::Off => (vec![], Schedule::Never),
            Hooks::Norms => (vec![&GradientNorm], Schedule::Every(1)),
            Hooks::AllEveryTenth => (QUANTITIES.to_vec(), Schedule::Every(10)),
        };
        let elements = config.example_shape().iter().product();
        let inputs = Tensor::random([batch, elements], Distribution::Normal(0.0, 1.0), &device);
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
        start.elapsed().as_secs_f64() * 1e3 / steps as f64
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn measure(name: &str, config: &impl Architecture, batch: usize, steps: u64) {
    // Cargo adds `--bench`.
    let mut wanted = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    if wanted.next().is_some_and(|wanted| !name.contains(&wanted)) {
        return;
    }
    let mut trainings = [Hooks::Off, Hooks::Norms, Hooks::AllEveryTenth]
        .map(|hooks| Training::new(config, batch, hooks));
    trainings.iter_mut().for_each(|training| {
        let _warm_up = training.time(steps.div_ceil(4));
    });
    let rounds: Vec<[f64; 3]> =
        (0..ROUNDS).map(|_| trainings.each_mut().map(|training| training.time(steps))).collect();
    let off = median(rounds.iter().map(|round| round[0]).collect());
    let ratio = |which: usize| median(rounds.iter().map(|round| round[which] / round[0]).collect());
    println!("{name:<26} {off:>9.4} {:>12.3} {:>16.3}", ratio(1), ratio(2));
}

fn main() {
    println!(
        "{:<26} {:>9} {:>12} {:>16}",
        "ms per training step", "hooks off", "norms / off", "all, 10th / off"
    );
    let mlp = |activation, depth| MlpConfig { activation, depth, ..Default::default() };
    measure("3x64 ReLU, batch 32", &mlp(Activation::Relu, 3), 32, 100);
    measure("3x64 sigmoid, batch 32", &mlp(Activation::Sigmoid, 3), 32, 100);
    measure("3x64 ReLU, batch 256", &mlp(Activation::Relu, 3), 256, 50);
    measure("50x64 ReLU, batch 128", &mlp(Activation::Relu, 50), 128, 10);
    measure("ResNet-20, batch 32", &ResnetConfig::small_images(20), 32, 1);
}
