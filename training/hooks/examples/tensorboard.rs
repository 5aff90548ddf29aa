//! Trains a small network and leaves its gradients for TensorBoard:
//! `cargo run --release -p backdraft-hooks --features flex --example tensorboard -- FOLDER`, then
//! `tensorboard --logdir FOLDER`.

use std::path::Path;

use backdraft_hooks::{GradientHook, QUANTITIES, Schedule, Sink, Taps, TensorBoardSink};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Distribution, Tensor};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("which folder?")?;
    let mut sink = TensorBoardSink::create(Path::new(&folder))?;
    let device = Device::flex().autodiff();
    let mut model: Linear = LinearConfig::new(8, 4).init(&device);
    let mut optimizer = SgdConfig::new().init();
    let mut hook = GradientHook::new(QUANTITIES, Schedule::Every(5));
    for step in 0..20 {
        let x = Tensor::<2>::random([16, 8], Distribution::Default, &device);
        let mut gradients = model.forward(x).square().mean().backward();
        let observation = hook.observe_with_taps(step, &model, &gradients, &Taps::off());
        let gradients = GradientsParams::from_module(&mut gradients, &model);
        model = optimizer.step(0.1, model, gradients);
        if let Some(observation) = observation {
            sink.write(&observation.rows_after_step(&model)?)?;
        }
    }
    Ok(())
}
