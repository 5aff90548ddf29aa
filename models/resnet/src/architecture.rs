//! Residual networks as an architecture of the zoo.

use backdraft_hooks::Taps;
use backdraft_layers::{Architecture, InvalidField, Network, SingleValue, TaskShape};
use burn::tensor::{Device, Tensor};

use crate::config::ResnetConfig;
use crate::options::{ActivationOrder, Normalization, ShortcutKind, StemKind};
use crate::resnet::Resnet;

impl Architecture for ResnetConfig {
    type Network = Resnet;

    const NAME: &'static str = "resnet";

    const ABOUT: &'static str = "Residual networks (He et al. 2016, \"Deep residual learning\"; pre-activation: \"Identity \
         mappings\") and their plain twins; without batch normalisation, Fixup (Zhang et al. 2019) or \
         SkipInit (De & Smith 2020). Differences: filters are scaled by the fan-in, where torchvision \
         uses the fan-out; Fixup's shortcuts between stages are padded, not averaged";

    fn presets() -> Vec<(&'static str, Self)> {
        let small = Self::small_images;
        let plain = |depth| Self { shortcut: ShortcutKind::None, ..small(depth) };
        let bare = |normalization| Self { normalization, ..small(20) };
        vec![
            ("resnet-20", small(20)),
            ("resnet-32", small(32)),
            ("resnet-44", small(44)),
            ("resnet-56", small(56)),
            ("resnet-110", small(110)),
            ("plain-20", plain(20)),
            ("plain-32", plain(32)),
            ("plain-44", plain(44)),
            ("plain-56", plain(56)),
            ("resnet-20-pre-activation", Self { order: ActivationOrder::Pre, ..small(20) }),
            ("resnet-20-projection", Self { shortcut: ShortcutKind::Projection, ..small(20) }),
            ("resnet-20-fixup", bare(Normalization::Fixup)),
            ("resnet-20-skip-init", bare(Normalization::SkipInit)),
            ("resnet-18", Self::photographs([2, 2, 2, 2])),
            ("resnet-34", Self::photographs([3, 4, 6, 3])),
        ]
    }

    fn validate(&self) -> Result<(), InvalidField> {
        self.validate()
    }

    fn try_init(&self, seed: u64, device: &Device) -> Result<Resnet, InvalidField> {
        self.try_init(seed, device)
    }

    fn example_shape(&self) -> Vec<usize> {
        self.input_shape.to_vec()
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn check_batch(&self, examples: usize) -> Result<(), SingleValue> {
        let mut normalised = self.normalised_sizes().into_iter();
        match normalised.find(|(_, pixels)| examples * pixels == 1) {
            Some((layer, _)) => Err(SingleValue { layer, instead: "skip_init" }),
            None => Ok(()),
        }
    }

    /// Only images are accepted.
    fn fitted(&self, task: &TaskShape) -> Option<Self> {
        let input_shape = <[usize; 3]>::try_from(&*task.example_shape).ok()?;
        let outputs = task.outputs;
        (!task.is_every_step).then(|| Self { input_shape, outputs, ..self.clone() })
    }

    fn num_learned(&self) -> usize {
        self.num_learned()
    }

    fn num_activations(&self) -> f64 {
        self.num_activations()
    }

    fn miniature(&self) -> Self {
        let [channels, height, width] = self.input_shape;
        // A large stem quarters the sides. At 1 × 1, batch normalisation would have too few values.
        let least = 8 * if self.stem == StemKind::Large { 4 } else { 1 };
        Self {
            input_shape: [channels.min(3), height.min(least), width.min(least)],
            outputs: self.outputs.min(3),
            stages: self.stages.iter().take(2).map(|blocks| *blocks.min(&2)).collect(),
            width: self.width.min(4),
            ..self.clone()
        }
    }

    /// The twin is torchvision's: `conv1`, `bn1`, `layer1.0.conv1`, …, `layer1.0.downsample.0`,
    /// `fc` (or `linear`, as in the usual networks for CIFAR).
    fn pytorch_names(&self) -> Vec<(String, String)> {
        let mut names = vec![
            (r"^conv1\.(\w+)$".to_owned(), "stem.conv.$1".to_owned()),
            (r"^bn1\.(\w+)$".to_owned(), "stem.norm.$1".to_owned()),
            (r"^(?:fc|linear)\.(\w+)$".to_owned(), "head.$1".to_owned()),
        ];
        let mut index = 0;
        for (stage, blocks) in self.stages.iter().enumerate() {
            for block in 0..*blocks {
                let theirs = format!(r"^layer{}\.{block}\.", stage + 1);
                let parts = [
                    (r"conv(\d)\.(\w+)$", "conv$1.$2"),
                    (r"bn(\d)\.(\w+)$", "norm$1.$2"),
                    (r"downsample\.0\.(\w+)$", "shortcut.projection.$1"),
                    (r"downsample\.1\.(\w+)$", "shortcut.normalization.$1"),
                ];
                for (pattern, ours) in parts {
                    names.push((format!("{theirs}{pattern}"), format!("blocks.{index}.{ours}")));
                }
                index += 1;
            }
        }
        names
    }
}

impl Network for Resnet {
    fn score(&self, examples: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let [batch, _] = examples.dims();
        let [channels, height, width] = self.input_shape;
        self.forward(examples.reshape([batch, channels, height, width]), taps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Module;

    /// He et al. 2016, table 6, to two digits. The exact count for ResNet-20, by hand: 432 + 32, 3
    /// × 2 × (2,304 + 32), 4,608 + 64 + 5 × (9,216 + 64), 18,432 + 128 + 5 × (36,864 + 128), 650.
    #[test]
    fn parameter_counts_are_the_papers() {
        let count = |name: &str| {
            let presets = ResnetConfig::presets();
            presets.into_iter().find(|(preset, _)| *preset == name).unwrap().1.num_learned()
        };
        let by_hand =
            432 + 32 + 6 * 2_336 + 4_608 + 64 + 5 * 9_280 + 18_432 + 128 + 5 * 36_992 + 650;
        assert_eq!(count("resnet-20"), by_hand);
        for (name, parameters) in [
            ("resnet-20", 269_722),
            ("resnet-32", 464_154),
            ("resnet-44", 658_586),
            ("resnet-56", 853_018),
            ("resnet-110", 1_727_962),
            ("plain-20", 269_722),
            ("resnet-18", 11_689_512), // as torchvision's
            ("resnet-34", 21_797_672),
        ] {
            assert_eq!(count(name), parameters, "{name}");
        }
    }

    #[test]
    fn fixup_and_skip_init_start_as_the_identity() {
        for normalization in [Normalization::Fixup, Normalization::SkipInit] {
            let config = ResnetConfig { normalization, stages: vec![2], ..Default::default() };
            let network = config.try_init(3, &Device::flex()).unwrap();
            let input = Tensor::<4>::random(
                [2, 16, 5, 5],
                burn::tensor::Distribution::Uniform(0.1, 1.0),
                &Device::flex(),
            );
            let output = network.blocks[0].forward(input.clone(), "block", &mut Taps::off());
            assert_eq!(output.into_data(), input.into_data(), "{normalization:?}");
            assert_eq!(network.num_params(), config.num_learned());
        }
    }

    #[test]
    fn impossible_fields_are_refused_by_name() {
        let refused = |config: ResnetConfig| config.validate().unwrap_err().field;
        let config = ResnetConfig::default;
        assert_eq!(refused(ResnetConfig { stages: vec![], ..config() }), "stages");
        assert_eq!(refused(ResnetConfig { stages: vec![3, 0], ..config() }), "stages");
        assert_eq!(refused(ResnetConfig { input_shape: [0, 8, 8], ..config() }), "input_shape");
        assert_eq!(refused(ResnetConfig { width: 1 << 15, ..config() }), "width");
        let fixup = ResnetConfig { normalization: Normalization::Fixup, ..config() };
        assert_eq!(
            refused(ResnetConfig { shortcut: ShortcutKind::None, ..fixup.clone() }),
            "shortcut"
        );
        assert_eq!(refused(ResnetConfig { order: ActivationOrder::Pre, ..fixup }), "order");
    }
}
