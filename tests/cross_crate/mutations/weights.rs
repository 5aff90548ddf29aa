//! What other programs write: weights and batches.

use std::fs;
use std::path::{Path, PathBuf};

use backdraft::Batch;
use backdraft_mlp::MlpConfig;
use backdraft_zoo::NetworkConfig;
use burn::tensor::Device;

use super::{Target, refusal};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("goldens").join(name)
}

pub(super) fn weights<'a>(folder: &'a Path, extension: &'static str) -> Target<'a> {
    let config =
        NetworkConfig::Mlp(MlpConfig { inputs: 3, depth: 2, width: 4, ..Default::default() });
    let path = folder.join("weights").with_extension(extension);
    backdraft_zoo::save(&config.try_init(1, &Device::flex()).unwrap(), &path).unwrap();
    Target {
        name: extension,
        originals: vec![fs::read(&path).unwrap()],
        read: Box::new(move |bytes| {
            // Burn maps the file into memory: written over, it would change under its reader.
            fs::remove_file(&path).unwrap();
            fs::write(&path, bytes).unwrap();
            let mut network = config.try_init(2, &Device::flex()).unwrap();
            backdraft_zoo::load(&mut network, &config, &path).map_err(refusal)
        }),
    }
}

pub(super) fn batches(folder: &Path) -> Target<'_> {
    let names = ["mlp-tanh", "lstm-20", "resnet-none"];
    let read = |name: &str| fs::read(golden(&format!("{name}.batch.safetensors"))).unwrap();
    let path = folder.join("batch.safetensors");
    Target {
        name: "batches",
        originals: names.map(read).to_vec(),
        read: Box::new(move |bytes| {
            fs::write(&path, bytes).unwrap();
            Batch::read(&path).map(drop).map_err(refusal)
        }),
    }
}
