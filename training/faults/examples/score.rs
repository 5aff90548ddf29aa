//! Scores the diagnosis on generated trainings:
//! `cargo run --release --workspace --example score -- FIRST_SEED LAST_SEED STEPS`.
//! With a number of steps other than 60, only healthy trainings are run.

use std::error::Error;
use std::io::Write;

use backdraft_faults::{Fault, Score, Training};
use backdraft_rows::{Thresholds, diagnose};
use burn::tensor::Device;

fn main() -> Result<(), Box<dyn Error>> {
    let mut seeds = std::env::args().skip(1).map(|seed| seed.parse::<u64>());
    let first = seeds.next().transpose()?.unwrap_or(0);
    let last = seeds.next().transpose()?.unwrap_or(first);
    let steps = seeds.next().transpose()?.unwrap_or(60);
    let mut score = Score::default();
    for training in Training::all(first..last + 1) {
        let training = Training { steps, ..training };
        if steps != 60 && training.fault != Fault::None {
            continue;
        }
        let rows = training.rows(&Device::flex())?;
        score.count(&training, &diagnose(&rows, &Thresholds::default()));
    }
    let mut out = std::io::stdout().lock();
    for mistake in score.mistakes() {
        writeln!(out, "{mistake}\n")?;
    }
    writeln!(out, "{score}")?;
    Ok(())
}
