//! Times one training step, hooks off and on, on the CPU back end `flex`.
//!
//! `cargo bench --bench training_step` prints the table; `training_step.py` beside this file prints
//! PyTorch's side. Variants are interleaved and the medians compared, because machines are shared.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::time::Instant;

use backdraft_hooks::{GradientHook, GradientNorm, QUANTITIES, Quantity, Schedule};
use backdraft_layers::Activation;
use backdraft_mlp::{Mlp, MlpConfig};
use backdraft_trainer::OptimizerConfig;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::activation::log_sigmoid;
use burn::tensor::{Device, Distribution, Tensor};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Workload {
    name: &'static str,
    config: MlpConfig,
    batch: usize,
    steps: u64,
}

/// What is attached to the loop.
#[derive(Clone, Copy)]
enum Hooks {
    Off,
    Norms,
    AllEveryTenth,
}

const ROUNDS: usize = 41;

fn workloads() -> Vec<Workload> {
    let net = |activation, depth| MlpConfig { activation, depth, ..Default::default() };
    vec![
        Workload {
            name: "3x64 ReLU, batch 32",
            config: net(Activation::Relu, 3),
            batch: 32,
            steps: 100,
        },
        Workload {
            name: "3x64 sigmoid, batch 32",
            config: net(Activation::Sigmoid, 3),
            batch: 32,
            steps: 100,
        },
        Workload {
            name: "3x64 ReLU, batch 256",
            config: net(Activation::Relu, 3),
            batch: 256,
            steps: 50,
        },
        Workload {
            name: "50x64 ReLU, batch 128",
            config: net(Activation::Relu, 50),
            batch: 128,
            steps: 10,
        },
    ]
}

struct Training {
    model: Option<Mlp>,
    optimizer: ModuleOptimizer,
    hook: GradientHook,
    inputs: Tensor<2>,
    targets: Tensor<2>,
    step: u64,
}

impl Training {
    fn new(workload: &Workload, hooks: Hooks) -> Self {
        let device = Device::flex();
        let (quantities, schedule): (Vec<&'static dyn Quantity>, _) = match hooks {
            Hooks::Off => (vec![], Schedule::Never),
            Hooks::Norms => (vec![&GradientNorm], Schedule::Every(1)),
            Hooks::AllEveryTenth => (QUANTITIES.to_vec(), Schedule::Every(10)),
        };
        let inputs = Tensor::random([workload.batch, 100], Distribution::Normal(0.0, 1.0), &device);
        Self {
            model: Some(workload.config.init(0, &device.clone().autodiff())),
            optimizer: OptimizerConfig::ADAM.init(),
            hook: GradientHook::new(&quantities, schedule),
            targets: inputs.clone().slice([0..workload.batch, 0..1]).greater_elem(0.0).float(),
            inputs,
            step: 0,
        }
    }

    fn step(&mut self) {
        let Some(model) = self.model.take() else {
            return;
        };
        let mut taps = self.hook.taps(self.step);
        let logits = model.forward(self.inputs.clone(), &mut taps);
        let one_minus_target = self.targets.clone().neg().add_scalar(1.0);
        let loss = (logits.clone() * one_minus_target - log_sigmoid(logits)).mean();
        let mut gradients = loss.backward();
        let observation = self.hook.observe_with_taps(self.step, &model, &gradients, &taps);
        let gradients = GradientsParams::from_module(&mut gradients, &model);
        let model = self.optimizer.step(1e-3, model, gradients);
        if let Some(observation) = observation {
            std::hint::black_box(observation.rows_after_step(&model).expect("the CPU answers"));
        }
        self.model = Some(model);
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

fn main() {
    println!(
        "{:<26} {:>9} {:>12} {:>16}",
        "ms per training step", "hooks off", "norms / off", "all, 10th / off"
    );
    for workload in workloads() {
        let mut trainings = [Hooks::Off, Hooks::Norms, Hooks::AllEveryTenth]
            .map(|hooks| Training::new(&workload, hooks));
        trainings.iter_mut().for_each(|training| {
            let _warm_up = training.time(workload.steps / 4);
        });
        let rounds: Vec<[f64; 3]> = (0..ROUNDS)
            .map(|_| trainings.each_mut().map(|training| training.time(workload.steps)))
            .collect();
        let off = median(rounds.iter().map(|round| round[0]).collect());
        let ratio =
            |which: usize| median(rounds.iter().map(|round| round[which] / round[0]).collect());
        println!("{:<26} {:>9.4} {:>12.3} {:>16.3}", workload.name, off, ratio(1), ratio(2));
    }
}
