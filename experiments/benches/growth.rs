//! How time and memory of a training step grow with depth and batch, on the CPU back end `flex`;
//! with the length of a sequence, see `sequence.rs`.
//!
//! `cargo bench --bench growth` prints ms per step (forward, backward, Adam), the peak memory of the
//! process in MiB, and the exponents between the first and the last column.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::time::Instant;

use backdraft_hooks::Taps;
use backdraft_layers::{Activation, Initializer};
use backdraft_mlp::MlpConfig;
use backdraft_trainer::OptimizerConfig;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Tensor};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 9;

/// Milliseconds of a step, and the process's peak memory in MiB after it.
fn measure(depth: usize, batch: usize) -> [f64; 2] {
    // Resets the peak, where the system is Linux.
    let _not_elsewhere = std::fs::write("/proc/self/clear_refs", "5");
    let device = Device::flex();
    let (activation, initializer) = (Activation::Relu, Initializer::HeNormal);
    let config = MlpConfig { depth, activation, initializer, ..Default::default() };
    let mut network = config.init(0, &device.clone().autodiff());
    let mut optimizer = OptimizerConfig::ADAM.init();
    let inputs = Tensor::<2>::random([batch, 100], Distribution::Normal(0.0, 1.0), &device);
    let mut times: Vec<f64> = (0..=ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let outputs = network.forward(inputs.clone(), &mut Taps::off());
            let mut gradients = outputs.square().mean().backward();
            let gradients = GradientsParams::from_module(&mut gradients, &network);
            network = optimizer.step(1e-3, network.clone(), gradients);
            start.elapsed().as_secs_f64() * 1e3
        })
        .skip(1) // warm-up
        .collect();
    times.sort_by(f64::total_cmp);
    [times[ROUNDS / 2], peak_memory()]
}

fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kilobytes.map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}

fn table(name: &str, sizes: [usize; 5], measure: impl Fn(usize) -> [f64; 2]) {
    let measured = sizes.map(measure);
    print!("{name:<12}");
    sizes.iter().for_each(|size| print!("{size:>10}"));
    println!("{:>10}", "exponent");
    for (row, label) in ["ms", "MiB"].into_iter().enumerate() {
        print!("{label:<12}");
        measured.iter().for_each(|values| print!("{:>10.2}", values[row]));
        let growth = measured[4][row] / measured[0][row];
        println!("{:>10.3}", growth.ln() / (sizes[4] as f64 / sizes[0] as f64).ln());
    }
}

fn main() {
    table("layers", [10, 30, 100, 300, 1_000], |depth| measure(depth, 32));
    table("batch", [32, 128, 512, 2_048, 8_192], |batch| measure(10, batch));
}
