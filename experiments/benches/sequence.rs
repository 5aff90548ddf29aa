//! Times one training step of recurrent networks over the length of the sequence, on the CPU back
//! end `flex`; `sequence.py` beside this file prints PyTorch's side.
//!
//! `cargo bench --bench sequence` prints ms per step (forward, backward, Adam) and the exponent of
//! the time in the length, and the most memory that the process has had, which is that of the
//! longest sequence. `-- plain` adds the plain path, `-- LSTM` selects a cell.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints its table")]

use std::time::Instant;

use backdraft_hooks::Taps;
use backdraft_recurrent::{Cell, Path, Recurrent, RecurrentConfig};
use backdraft_trainer::OptimizerConfig;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Distribution, Tensor};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CELLS: [(&str, Cell); 3] = [("RNN", Cell::Rnn), ("LSTM", Cell::Lstm), ("GRU", Cell::Gru)];
const LENGTHS: [usize; 6] = [100, 200, 400, 800, 1_600, 3_200];
const BATCH: usize = 64;
/// At least so many rounds; a short sequence takes as many more as make up the longest's steps.
const FEWEST_ROUNDS: usize = 5;

/// Takes a step and returns its milliseconds.
fn step(
    network: Recurrent,
    optimizer: &mut ModuleOptimizer,
    inputs: &Tensor<3>,
    path: Path,
) -> (Recurrent, f64) {
    let start = Instant::now();
    let outputs = network.forward(inputs.clone(), path, &mut Taps::off());
    let mut gradients = outputs.square().mean().backward();
    let gradients = GradientsParams::from_module(&mut gradients, &network);
    let network = optimizer.step(1e-3, network, gradients);
    (network, start.elapsed().as_secs_f64() * 1e3)
}

fn median_step(cell: Cell, length: usize, path: Path) -> f64 {
    let device = Device::flex();
    let config = RecurrentConfig { cell, length, ..Default::default() };
    let mut network = config.try_init(0, &device.clone().autodiff()).unwrap();
    let mut optimizer = OptimizerConfig::ADAM.init();
    let inputs = Tensor::<3>::random([BATCH, length, 2], Distribution::Normal(0.0, 1.0), &device);
    let rounds = FEWEST_ROUNDS.max(LENGTHS[LENGTHS.len() - 1] / length);
    let mut times: Vec<f64> = (0..=rounds)
        .map(|_| {
            let (trained, time) = step(network.clone(), &mut optimizer, &inputs, path);
            network = trained;
            time
        })
        .skip(1) // warm-up
        .collect();
    times.sort_by(f64::total_cmp);
    times[rounds / 2]
}

/// Most memory that the process has had, in MiB; not a number where the system does not tell.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kilobytes.map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let is_given = |argument: &str| arguments.iter().any(|given| given == argument);
    let with_plain = is_given("plain");
    let is_any = CELLS.iter().any(|(name, _)| is_given(name));
    print!("{:<18}", "ms per step, T =");
    LENGTHS.iter().for_each(|length| print!("{length:>9}"));
    println!("{:>10}{:>10}", "exponent", "MiB");
    for (name, cell) in CELLS.into_iter().filter(|(name, _)| !is_any || is_given(name)) {
        let paths: &[(&str, Path)] = if with_plain {
            &[("", Path::Fastest), (", plain", Path::Plain)]
        } else {
            &[("", Path::Fastest)]
        };
        for (path_name, path) in paths {
            print!("{:<18}", format!("{name}{path_name}"));
            let times = LENGTHS.map(|length| {
                let time = median_step(cell, length, *path);
                print!("{time:>9.1}");
                time
            });
            let lengths = LENGTHS[LENGTHS.len() - 1] as f64 / LENGTHS[0] as f64;
            let exponent = (times[LENGTHS.len() - 1] / times[0]).ln() / lengths.ln();
            println!("{exponent:>10.3}{:>10.0}", peak_memory());
        }
    }
}
