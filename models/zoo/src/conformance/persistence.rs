//! Checks of what must survive serialisation.

use backdraft_hooks::Taps;
use backdraft_layers::{Architecture, Network};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Tensor};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::behaviour::values;
use super::subject::{SEED, Subject, shaken};
use crate::weights::{load_named, save};

pub(super) fn parameter_count<A: Architecture>(subject: &Subject<'_, A>) -> Result<(), String> {
    let mut count = Learned(0);
    subject.network(SEED, &subject.device()?.clone().autodiff())?.visit(&mut count);
    let formula = subject.config.num_learned();
    if count.0 == formula {
        return Ok(());
    }
    Err(format!("the network has {} parameters, but the formula says {formula}", count.0))
}

struct Learned(usize);

impl ModuleVisitor for Learned {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if parameter.is_require_grad() {
            self.0 += parameter.shape().num_elements();
        }
    }
}

pub(super) fn configuration<A: Architecture>(subject: &Subject<'_, A>) -> Result<(), String> {
    fn same<A: PartialEq>(config: &A, read: A, format: &str) -> Result<(), String> {
        if read == *config {
            return Ok(());
        }
        Err(format!("{format} does not restore the same configuration"))
    }
    fn json<T: Serialize + DeserializeOwned>(config: &T) -> Result<T, String> {
        let text = serde_json::to_string(config).map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }
    fn toml<T: Serialize + DeserializeOwned>(config: &T) -> Result<T, String> {
        let text = toml::to_string(config).map_err(|error| error.to_string())?;
        toml::from_str(&text).map_err(|error| error.to_string())
    }
    same(subject.config, json(subject.config)?, "JSON")?;
    same(subject.config, toml(subject.config)?, "TOML")?;
    let empty: A = serde_json::from_str("{}").map_err(|error| error.to_string())?;
    same(&A::default(), empty, "an empty object")?;
    for (name, preset) in A::presets() {
        preset.validate().map_err(|error| format!("preset `{name}`: {error}"))?;
    }
    Ok(())
}

pub(super) fn save_and_load<A: Architecture>(subject: &Subject<'_, A>) -> Result<(), String> {
    let device = subject.device()?;
    let network = shaken(subject.network(SEED, device)?, DType::F32);
    let score = |network: &A::Network| {
        values(&network.score(subject.examples(3, device), &mut Taps::off()))
    };
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    for format in ["safetensors", "bpk"] {
        let path = folder.path().join("weights").with_extension(format);
        save(&network, &path).map_err(|error| error.to_string())?;
        let mut read = subject.network(SEED + 1, device)?;
        load_named(&mut read, subject.config.pytorch_names(), &path)
            .map_err(|error| error.to_string())?;
        if score(&read) != score(&network) {
            return Err(format!("weights loaded from .{format} give different outputs"));
        }
    }
    Ok(())
}

/// A seed gives the same weights on every device, and another seed gives other weights.
pub(super) fn seeds<A: Architecture>(subject: &Subject<'_, A>) -> Result<(), String> {
    let weights = |seed: u64, device: &Device| {
        let mut all = Weights(Vec::new());
        subject.network(seed, device)?.visit(&mut all);
        Ok::<_, String>(all.0)
    };
    let first = weights(SEED, subject.device()?)?;
    for device in subject.devices {
        if weights(SEED, device)? != first {
            return Err(format!("the seed gives different weights on {device:?}"));
        }
    }
    if weights(SEED + 1, subject.device()?)? == first {
        return Err("another seed gives the same weights".to_owned());
    }
    Ok(())
}

struct Weights(Vec<f64>);

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        self.0.extend(parameter.val().to_data().iter::<f64>());
    }
}
