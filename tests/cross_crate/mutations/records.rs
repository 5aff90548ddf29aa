//! What the program writes: records and checkpoints.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use backdraft::{EXPERIMENTS, RunFolder, RunRequest, Silent, read_trial};
use backdraft_trainer::{Checkpoint, OptimizerConfig};
use burn::nn::{Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use sha2::{Digest, Sha256};

use super::{Outcome, Target, refusal};

/// A small run, whose record is mutated.
fn recorded(folder: &Path) -> RunFolder {
    let request = RunRequest::named(EXPERIMENTS, "born-dead-relu").unwrap().seeds(2).out(folder);
    request.open().unwrap().execute(Arc::new(Silent)).unwrap().folder().clone()
}

pub(super) fn run_json(folder: &Path) -> Target<'_> {
    let path = recorded(folder).path().join("run.json");
    Target {
        name: "run.json",
        originals: vec![fs::read(&path).unwrap()],
        read: Box::new(move |bytes| {
            fs::write(&path, bytes).unwrap();
            let run = RunFolder::find(folder, "latest").map_err(refusal)?;
            let manifest = run.manifest().map_err(refusal)?;
            let experiment =
                backdraft::experiment(&manifest.experiment).ok_or("no such experiment")?;
            experiment.prepare(&manifest.settings).map(drop).map_err(refusal)
        }),
    }
}

pub(super) fn measurements(folder: &Path) -> Target<'_> {
    let run = recorded(folder);
    let files = fs::read_dir(run.path().join("measurements")).unwrap();
    let original = fs::read(files.map(|file| file.unwrap().path()).next().unwrap()).unwrap();
    let path = folder.join("trial.jsonl");
    Target {
        name: "measurements",
        originals: vec![original],
        read: Box::new(move |bytes| {
            fs::write(&path, bytes).unwrap();
            read_trial(&path).map(drop).map_err(refusal)
        }),
    }
}

pub(super) fn sums_and_locks(folder: &Path) -> Target<'_> {
    let run = recorded(folder);
    let sums = fs::read(run.path().join("SHA256SUMS")).unwrap();
    let lock = br#"{"host":"elsewhere","pid":7,"since_unix":1}"#.to_vec();
    Target {
        name: "SHA256SUMS and locks",
        originals: vec![sums, lock],
        read: Box::new(move |bytes| {
            for name in ["SHA256SUMS", "lock"] {
                fs::write(run.path().join(name), bytes).unwrap();
            }
            run.lock().map(drop).map_err(refusal)?;
            run.compare_sums().map(drop).map_err(refusal)
        }),
    }
}

fn network() -> Linear {
    LinearConfig::new(3, 2).init(&Device::flex().autodiff())
}

fn checkpoint() -> Vec<u8> {
    let (mut optimizer, network) = (OptimizerConfig::ADAM.init(), network());
    let x = Tensor::<2>::ones([4, 3], &Device::flex().autodiff());
    let mut gradients = network.forward(x).square().mean().backward();
    let gradients = GradientsParams::from_module(&mut gradients, &network);
    let network = optimizer.step(0.1, network, gradients);
    Checkpoint::take(7, &network, &optimizer).unwrap().with_note("{}".to_owned()).to_bytes()
}

fn restore(bytes: &[u8]) -> Outcome {
    let checkpoint = Checkpoint::from_bytes(bytes).map_err(refusal)?;
    checkpoint.restore(network(), OptimizerConfig::ADAM.init()).map(drop).map_err(refusal)
}

pub(super) fn checkpoints() -> Target<'static> {
    Target { name: "checkpoints", originals: vec![checkpoint()], read: Box::new(restore) }
}

/// As an enemy would write them: with a sum that agrees.
pub(super) fn forged_checkpoints() -> Target<'static> {
    let whole = checkpoint();
    let mut ends =
        whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let (first, second) = (ends.next().unwrap(), ends.next().unwrap());
    let header = whole[..first].to_vec();
    Target {
        name: "forged checkpoints",
        originals: vec![whole[second..].to_vec()],
        read: Box::new(move |content| {
            let sum: String = Sha256::digest(content).iter().map(|b| format!("{b:02x}")).collect();
            restore(&[&header[..], sum.as_bytes(), b"\n", content].concat())
        }),
    }
}
