//! The architectures of the zoo, made small.

use backdraft_hooks::Taps;
use backdraft_layers::{Activation, Initializer, Network};
use backdraft_zoo::{NetworkConfig, ZooNetwork, named, networks};
use burn::tensor::Tensor;

use super::Classifier;
use crate::data::CLASSES;
use crate::fault::Fault;

/// Time steps of [`Fault::TimeTooLong`]; otherwise, there are 16.
pub(crate) const LONG: usize = 116;

impl Classifier for ZooNetwork {
    fn logits(&self, inputs: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        self.score(inputs, taps)
    }
}

/// Returns the names of the architectures and presets that differ when they are small: those of deeper
/// networks do not, for instance.
pub(crate) fn names() -> Vec<&'static str> {
    let mut small_ones: Vec<(&'static str, NetworkConfig)> = Vec::new();
    for (name, config) in networks() {
        let config = small(config);
        if small_ones.iter().all(|(_, other)| *other != config) {
            small_ones.push((name, config));
        }
    }
    small_ones.into_iter().map(|(name, _)| name).collect()
}

/// Returns a small network of this name, with what a fault changes of it.
pub(crate) fn config(name: &str, fault: Fault) -> Option<NetworkConfig> {
    let mut config = small(named(name)?);
    match (&mut config, fault) {
        (NetworkConfig::Mlp(config), Fault::WrongActivation) => {
            config.depth = 20;
            config.activation = Activation::Sigmoid;
            config.initializer = Initializer::XavierUniform;
        }
        (NetworkConfig::Mlp(config), Fault::TooDeep) => config.depth = 40,
        (NetworkConfig::Recurrent(config), Fault::TimeTooLong) => config.length = LONG,
        _ => {}
    }
    Some(config)
}

fn small(mut config: NetworkConfig) -> NetworkConfig {
    match &mut config {
        NetworkConfig::Mlp(config) => {
            config.inputs = 64;
            config.outputs = CLASSES;
            config.width = 32;
            config.depth = config.depth.min(12);
        }
        NetworkConfig::Resnet(config) => {
            config.input_shape = [1, 8, 8];
            config.outputs = CLASSES;
            config.stages = vec![1, 2];
            config.width = 4;
        }
        NetworkConfig::Recurrent(config) => {
            config.inputs = 4;
            config.outputs = CLASSES;
            config.hidden = 16;
            config.length = 16;
            config.chrono_length = config.chrono_length.min(16);
        }
        NetworkConfig::LinearRecurrent(config) => {
            config.inputs = 4;
            config.outputs = CLASSES;
            config.width = 16;
            config.state = 16;
            config.length = 16;
        }
        NetworkConfig::Transformer(config) => {
            config.inputs = 8;
            config.outputs = CLASSES;
            config.length = 8;
            config.width = 16;
            config.heads = 2;
            config.feedforward = 32;
            config.layers = 3;
        }
        // A program of its own decides for itself what is small.
        NetworkConfig::Other(_) => return config.miniature(),
    }
    config
}
