//! Batches too small for batch normalisation.

use backdraft_hooks::Taps;
use backdraft_layers::{Activation, Architecture, Network};
use backdraft_resnet::ResnetConfig;
use backdraft_zoo::{NetworkConfig, networks};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};

/// Finds the batch normalisations that have seen no variance: their running variance has moved from 1
/// towards 0.
#[derive(Default)]
struct WithoutVariance {
    path: Vec<String>,
    found: Vec<String>,
}

impl ModuleVisitor for WithoutVariance {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if let Some((statistic, layer)) = self.path.split_last()
            && statistic == "running_var"
            && parameter.val().into_data().iter::<f32>().all(|variance| variance == 0.9)
        {
            self.found.push(layer.join("."));
        }
    }
}

fn without_variance(config: &NetworkConfig, examples: usize) -> Vec<String> {
    let device = Device::flex().autodiff();
    let network = config.try_init(3, &device).unwrap();
    let elements: usize = config.example_shape().iter().product();
    let wave = |i: usize| (i as f64 * 0.7).sin();
    let data = TensorData::new((0..examples * elements).map(wave).collect(), [examples, elements]);
    network.score(Tensor::from_data(data, &device), &mut Taps::off());
    let mut visitor = WithoutVariance::default();
    network.valid().visit(&mut visitor);
    visitor.found
}

/// Every network of the zoo in miniature, and residual networks that end at one pixel.
fn configs() -> Vec<(String, NetworkConfig)> {
    let miniatures = networks().map(|(name, config)| (name.to_owned(), config.miniature()));
    let small = ResnetConfig::presets().into_iter().flat_map(|(name, preset)| {
        [1, 2, 3, 8, 9].map(|side| {
            let input_shape = [1, side, side + 1];
            let stages = vec![1; preset.stages.len()];
            // Rectifiers may be dead, and so have no variance either.
            let activation = Activation::Tanh;
            let config =
                ResnetConfig { input_shape, stages, width: 2, activation, ..preset.clone() };
            (format!("{name} of {side} × {}", side + 1), NetworkConfig::Resnet(config))
        })
    });
    let single = ResnetConfig { input_shape: [3, 1, 1], stages: vec![1], ..Default::default() };
    miniatures
        .chain(small)
        .chain([("one pixel".to_owned(), NetworkConfig::Resnet(single))])
        .collect()
}

#[test]
fn a_batch_is_refused_exactly_where_a_channel_has_one_value() {
    let mut refused = 0;
    for (name, config) in configs() {
        for examples in [1, 2] {
            let found = without_variance(&config, examples);
            let named = config.check_batch(examples).err().map(|error| error.layer);
            refused += usize::from(named.is_some());
            // Burn adds the names of variants, such as `Resnet` and `Batch`, to a path.
            let is_variant = |name: &&str| name.starts_with(char::is_uppercase);
            let parts = |path: &String| {
                let parts: Vec<&str> = path.split('.').filter(|part| !is_variant(part)).collect();
                parts.join(".")
            };
            assert_eq!(named, found.first().map(parts), "{name}, {examples}: {found:?}");
        }
    }
    assert!(refused > 20, "{refused}");
}
