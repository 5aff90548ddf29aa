//! The list of architectures.

use backdraft_hooks::Taps;
use backdraft_layers::{Architecture, InvalidField, Network, SingleValue, TaskShape};
use backdraft_linear_recurrent::{LinearRecurrent, LinearRecurrentConfig};
use backdraft_mlp::{Mlp, MlpConfig};
use backdraft_recurrent::{Recurrent, RecurrentConfig};
use backdraft_resnet::{Resnet, ResnetConfig};
use backdraft_transformer::{Transformer, TransformerConfig};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::conformance::{Conformity, conform};

macro_rules! zoo {
    ($($name:literal $variant:ident $config:ty => $network:ty;)*) => {
        /// The configuration of any architecture, tagged by the field `architecture`.
        ///
        /// ```
        /// use backdraft_zoo::NetworkConfig;
        ///
        /// let config: NetworkConfig =
        ///     serde_json::from_str(r#"{"architecture": "mlp", "depth": 5}"#).unwrap();
        /// assert_eq!(config.name(), "mlp");
        /// ```
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "architecture")]
        pub enum NetworkConfig {
            $(
                #[doc = concat!("The architecture `", $name, "`.")]
                #[serde(rename = $name)]
                $variant($config),
            )*
        }

        /// A network of any architecture.
        #[derive(Module, Debug)]
        #[expect(clippy::large_enum_variant, reason = "a program has a handful of networks")]
        pub enum ZooNetwork {
            $(
                #[doc = concat!("The architecture `", $name, "`.")]
                $variant($network),
            )*
        }

        /// Returns every architecture with its default configuration and presets.
        pub fn architectures() -> Vec<Entry> {
            vec![$(Entry {
                name: <$config as Architecture>::NAME,
                about: <$config as Architecture>::ABOUT,
                default: NetworkConfig::$variant(<$config>::default()),
                presets: <$config as Architecture>::presets()
                    .into_iter()
                    .map(|(name, config)| (name, NetworkConfig::$variant(config)))
                    .collect(),
            },)*]
        }

        impl NetworkConfig {
            /// Returns the name of the architecture.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$config as Architecture>::NAME,)* }
            }

            /// Checks every field.
            ///
            /// # Errors
            ///
            /// [`InvalidField`] naming the first field that is out of range.
            pub fn validate(&self) -> Result<(), InvalidField> {
                match self { $(Self::$variant(config) => Architecture::validate(config),)* }
            }

            /// Creates the network on `device`, with weights drawn from `seed`.
            ///
            /// # Errors
            ///
            /// [`InvalidField`] naming the first field that is out of range.
            pub fn try_init(&self, seed: u64, device: &Device) -> Result<ZooNetwork, InvalidField> {
                match self {
                    $(Self::$variant(config) => {
                        Architecture::try_init(config, seed, device).map(ZooNetwork::$variant)
                    })*
                }
            }

            /// Returns the shape of one example, without the batch axis.
            pub fn example_shape(&self) -> Vec<usize> {
                match self { $(Self::$variant(config) => config.example_shape(),)* }
            }

            /// Returns whether examples of this shape can be scored.
            pub fn accepts(&self, example_shape: &[usize]) -> bool {
                match self { $(Self::$variant(config) => config.accepts(example_shape),)* }
            }

            /// Returns the number of outputs per example.
            pub fn outputs(&self) -> usize {
                match self { $(Self::$variant(config) => Architecture::outputs(config),)* }
            }

            /// Checks whether the network can be trained on batches of this size.
            ///
            /// # Errors
            ///
            /// [`SingleValue`] naming the first layer that normalises over the batch and would see
            /// one value per channel.
            pub fn check_batch(&self, examples: usize) -> Result<(), SingleValue> {
                match self { $(Self::$variant(config) => config.check_batch(examples),)* }
            }

            /// Returns the configuration resized for a task, if the architecture can handle it.
            pub fn fitted(&self, task: &TaskShape) -> Option<Self> {
                match self {
                    $(Self::$variant(config) => config.fitted(task).map(Self::$variant),)*
                }
            }

            /// Returns the number of learned parameters, by formula.
            pub fn num_learned(&self) -> usize {
                match self { $(Self::$variant(config) => Architecture::num_learned(config),)* }
            }

            /// Returns how many numbers the forward pass of one example keeps for the backward pass; see
            /// [`Architecture::num_activations`].
            pub fn num_activations(&self) -> f64 {
                match self { $(Self::$variant(config) => config.num_activations(),)* }
            }

            /// Returns a miniature of the configuration, so that tests can check every parameter.
            pub fn miniature(&self) -> Self {
                match self { $(Self::$variant(config) => Self::$variant(config.miniature()),)* }
            }

            /// Checks everything that an architecture promises; see [`conform`](crate::conform).
            pub fn conform(&self, devices: &[Device]) -> Vec<Conformity> {
                match self { $(Self::$variant(config) => conform(config, devices),)* }
            }

            /// Returns rules that map PyTorch's parameter names to ours; see
            /// [`Architecture::pytorch_names`].
            pub fn pytorch_names(&self) -> Vec<(String, String)> {
                match self { $(Self::$variant(config) => config.pytorch_names(),)* }
            }
        }

        impl Network for ZooNetwork {
            fn score(&self, examples: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
                match self { $(Self::$variant(network) => network.score(examples, taps),)* }
            }
        }
    };
}

zoo! {
    "mlp" Mlp MlpConfig => Mlp;
    "resnet" Resnet ResnetConfig => Resnet;
    "recurrent" Recurrent RecurrentConfig => Recurrent;
    "linear-recurrent" LinearRecurrent LinearRecurrentConfig => LinearRecurrent;
    "transformer" Transformer TransformerConfig => Transformer;
}

/// An architecture of the zoo.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name used in configurations.
    pub name: &'static str,
    /// A description: what it is, its papers, and how it differs from them.
    pub about: &'static str,
    /// The default configuration.
    pub default: NetworkConfig,
    /// Named configurations.
    pub presets: Vec<(&'static str, NetworkConfig)>,
}

/// Lists all architectures and presets with their names.
pub fn networks() -> impl Iterator<Item = (&'static str, NetworkConfig)> {
    architectures()
        .into_iter()
        .flat_map(|entry| std::iter::once((entry.name, entry.default)).chain(entry.presets))
}

/// Finds the configuration of an architecture or preset by its name.
pub fn named(name: &str) -> Option<NetworkConfig> {
    networks().find(|(known, _)| *known == name).map(|(_, config)| config)
}
