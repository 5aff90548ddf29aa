//! Times a training step of an LSTM here and in Burn, with the same weights, over the length of the
//! sequence (flex, 2 features, hidden 128, batch 64: forward, backward, Adam).
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

/// Returns the milliseconds of the fastest training step, which other programs disturb least.
fn milliseconds<M: Module>(
    mut module: M,
    length: usize,
    forward: impl Fn(&M, Tensor<3>) -> Tensor<3>,
) -> f64 {
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
    (0..STEPS).map(|_| step()).fold(f64::INFINITY, f64::min)
}

fn main() -> Result<(), Box<dyn Error>> {
    let device = Device::flex().autodiff();
    let theirs = LstmConfig::new(2, 128, true).init(&device);
    let ours = Lstm::try_from(theirs.clone())?;
    println!("{:>6}{:>12}{:>12}{:>8}", "T", "Burn, ms", "here, ms", "ratio");
    for length in LENGTHS {
        let burn = milliseconds(theirs.clone(), length, |lstm: &nn::Lstm, input| {
            lstm.forward(input, None).0
        });
        let here =
            milliseconds(ours.clone(), length, |lstm: &Lstm, input| lstm.forward(input, None).0);
        println!("{length:>6}{burn:>12.1}{here:>12.1}{:>8.1}", burn / here);
    }
    Ok(())
}
