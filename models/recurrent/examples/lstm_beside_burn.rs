//! Times a training step of an LSTM here and in Burn, with the same weights, over the length of the
//! sequence (flex, 2 features, hidden 128, batch 64: forward, backward, Adam), and the processor time of
//! all threads, which other programs disturb less. The layer here uses two cores where there are two.
//!
//! ```sh
//! cargo build --release --workspace --examples && target/release/examples/lstm_beside_burn
//! ```

#![expect(clippy::print_stdout, reason = "it prints its table")]

use std::error::Error;
use std::time::Instant;

use backdraft_recurrent::Lstm;
use burn::module::Module;
use burn::nn::{self, LstmConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Tensor};

const LENGTHS: [usize; 4] = [100, 200, 400, 800];
const STEPS: usize = 5;

/// Milliseconds of a training step.
struct Times {
    /// Of the fastest step.
    elapsed: f64,
    /// Of the processor, on average over all steps; not a number where the system does not tell.
    processor: f64,
}

fn times<M: Module>(
    mut module: M,
    length: usize,
    forward: impl Fn(&M, Tensor<3>) -> Tensor<3>,
) -> Times {
    let device = Device::flex().autodiff();
    let mut optimizer = AdamConfig::new().init();
    let input = Tensor::random([64, length, 2], Distribution::Normal(0.0, 1.0), &device);
    let mut step = || {
        let start = Instant::now();
        let mut gradients = forward(&module, input.clone()).square().mean().backward();
        let gradients = GradientsParams::from_module(&mut gradients, &module);
        module = optimizer.step(1e-3, module.clone(), gradients);
        start.elapsed().as_secs_f64() * 1e3
    };
    step(); // warm-up
    let start = processor_time();
    let elapsed = (0..STEPS).map(|_| step()).fold(f64::INFINITY, f64::min);
    Times { elapsed, processor: (processor_time() - start) / STEPS as f64 }
}

/// Milliseconds that this process has had of all cores (Linux, in hundredths of a second).
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    if ticks.len() == 2 { 10.0 * (ticks[0] + ticks[1]) } else { f64::NAN }
}

fn main() -> Result<(), Box<dyn Error>> {
    let device = Device::flex().autodiff();
    let theirs = LstmConfig::new(2, 128, true).init(&device);
    let ours = Lstm::try_from(theirs.clone())?;
    println!(
        "{:>6}{:>10}{:>10}{:>8}{:>24}",
        "T", "Burn, ms", "here, ms", "ratio", "ratio of processor time"
    );
    for length in LENGTHS {
        let burn = |lstm: &nn::Lstm, input| lstm.forward(input, None).0;
        let here = |lstm: &Lstm, input| lstm.forward(input, None).0;
        let (burn, here) = (times(theirs.clone(), length, burn), times(ours.clone(), length, here));
        let ratio = burn.elapsed / here.elapsed;
        let of_processor = burn.processor / here.processor;
        print!("{length:>6}{:>10.1}{:>10.1}", burn.elapsed, here.elapsed);
        println!("{ratio:>8.1}{of_processor:>24.1}");
    }
    Ok(())
}
