//! The list of architectures.

use std::any::Any;

use backdraft_hooks::Taps;
use backdraft_layers::{Architecture, InvalidField, Network, SingleValue, TaskShape};
use backdraft_linear_recurrent::{LinearRecurrent, LinearRecurrentConfig};
use backdraft_mlp::{Mlp, MlpConfig};
use backdraft_recurrent::{Recurrent, RecurrentConfig};
use backdraft_resnet::{Resnet, ResnetConfig};
use backdraft_transformer::{Transformer, TransformerConfig};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::conformance::{Conformity, conform};
use crate::fields::Fields;
use crate::other::{OtherConfig, OtherNetwork, read, registered};

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
        #[derive(Clone, Debug, PartialEq)]
        pub enum NetworkConfig {
            $(
                #[doc = concat!("The architecture `", $name, "`.")]
                $variant($config),
            )*
            /// An architecture that is not in this list.
            Other(OtherConfig),
        }

        /// How a configuration is written.
        #[derive(Serialize)]
        #[serde(tag = "architecture")]
        enum Written<'a> {
            $(
                #[serde(rename = $name)]
                $variant(&'a $config),
            )*
        }

        impl Serialize for NetworkConfig {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(config) => Written::$variant(config).serialize(serializer),)*
                    Self::Other(config) => config.serialize(serializer),
                }
            }
        }

        impl NetworkConfig {
            /// Reads the configuration of a listed architecture from its fields.
            fn listed(name: &str, fields: &Fields) -> Option<Result<Self, String>> {
                match name {
                    $($name => Some(fields.read().map(Self::$variant)),)*
                    _ => None,
                }
            }
        }


        /// A network of any architecture.
        #[derive(Module, Debug)]
        #[expect(clippy::large_enum_variant, reason = "a program has a handful of networks")]
        pub enum ZooNetwork {
            $(
                #[doc = concat!("The architecture `", $name, "`.")]
                $variant($network),
            )*
            /// An architecture that is not in this list.
            Other(OtherNetwork),
        }

        /// Returns every listed architecture.
        fn listed() -> Vec<Entry> {
            vec![$(Entry::of::<$config>(),)*]
        }

        impl NetworkConfig {
            /// Takes a configuration of any type.
            ///
            /// Names do not find it before [`register`](crate::register) has been called for its type.
            pub fn of<A: Architecture + 'static>(config: A) -> Self {
                let any: &dyn Any = &config;
                $(if let Some(listed) = any.downcast_ref::<$config>() {
                    return Self::$variant(listed.clone());
                })*
                Self::Other(OtherConfig::new(config))
            }

            /// Returns the name of the architecture.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => <$config as Architecture>::NAME,)*
                    Self::Other(config) => config.get().name(),
                }
            }

            /// Checks every field.
            ///
            /// # Errors
            ///
            /// [`InvalidField`] naming the first field that is out of range.
            pub fn validate(&self) -> Result<(), InvalidField> {
                match self {
                    $(Self::$variant(config) => Architecture::validate(config),)*
                    Self::Other(config) => config.get().validate(),
                }
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
                    Self::Other(config) => config.get().try_init(seed, device).map(ZooNetwork::Other),
                }
            }

            /// Returns the shape of one example, without the batch axis.
            pub fn example_shape(&self) -> Vec<usize> {
                match self {
                    $(Self::$variant(config) => config.example_shape(),)*
                    Self::Other(config) => config.get().example_shape(),
                }
            }

            /// Returns whether examples of this shape can be scored.
            pub fn accepts(&self, example_shape: &[usize]) -> bool {
                match self {
                    $(Self::$variant(config) => config.accepts(example_shape),)*
                    Self::Other(config) => config.get().accepts(example_shape),
                }
            }

            /// Returns the number of outputs per example.
            pub fn outputs(&self) -> usize {
                match self {
                    $(Self::$variant(config) => Architecture::outputs(config),)*
                    Self::Other(config) => config.get().outputs(),
                }
            }

            /// Checks whether the network can be trained on batches of this size.
            ///
            /// # Errors
            ///
            /// [`SingleValue`] naming the first layer that normalises over the batch and would see
            /// one value per channel.
            pub fn check_batch(&self, examples: usize) -> Result<(), SingleValue> {
                match self {
                    $(Self::$variant(config) => config.check_batch(examples),)*
                    Self::Other(config) => config.get().check_batch(examples),
                }
            }

            /// Returns the configuration resized for a task, if the architecture can handle it.
            pub fn fitted(&self, task: &TaskShape) -> Option<Self> {
                match self {
                    $(Self::$variant(config) => config.fitted(task).map(Self::$variant),)*
                    Self::Other(config) => config.get().fitted(task).map(Self::Other),
                }
            }

            /// Returns the number of learned parameters, by formula.
            pub fn num_learned(&self) -> usize {
                match self {
                    $(Self::$variant(config) => Architecture::num_learned(config),)*
                    Self::Other(config) => config.get().num_learned(),
                }
            }

            /// Returns how many numbers the forward pass of one example keeps for the backward pass; see
            /// [`Architecture::num_activations`].
            pub fn num_activations(&self) -> f64 {
                match self {
                    $(Self::$variant(config) => config.num_activations(),)*
                    Self::Other(config) => config.get().num_activations(),
                }
            }

            /// Returns a miniature of the configuration, so that tests can check every parameter.
            pub fn miniature(&self) -> Self {
                match self {
                    $(Self::$variant(config) => Self::$variant(config.miniature()),)*
                    Self::Other(config) => Self::Other(config.get().miniature()),
                }
            }

            /// Checks everything that an architecture promises; see [`conform`](crate::conform).
            pub fn conform(&self, devices: &[Device]) -> Vec<Conformity> {
                match self {
                    $(Self::$variant(config) => conform(config, devices),)*
                    Self::Other(config) => config.get().conform(devices),
                }
            }

            /// Returns rules that map PyTorch's parameter names to ours; see
            /// [`Architecture::pytorch_names`].
            pub fn pytorch_names(&self) -> Vec<(String, String)> {
                match self {
                    $(Self::$variant(config) => config.pytorch_names(),)*
                    Self::Other(config) => config.get().pytorch_names(),
                }
            }
        }

        impl Network for ZooNetwork {
            fn score(&self, examples: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
                match self {
                    $(Self::$variant(network) => network.score(examples, taps),)*
                    Self::Other(network) => network.score(examples, taps),
                }
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

/// Read by the name in the field `architecture`.
impl<'de> Deserialize<'de> for NetworkConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (name, fields) = Fields::named(deserializer)?;
        let read = Self::listed(&name, &fields)
            .or_else(|| read(&name, &fields).map(|read| read.map(Self::Other)));
        let Some(read) = read else {
            let known: Vec<String> =
                architectures().iter().map(|entry| format!("`{}`", entry.name)).collect();
            let known = known.join(", ");
            let unknown = format!("there is no architecture `{name}`, but {known}");
            return Err(D::Error::custom(unknown));
        };
        read.map_err(D::Error::custom)
    }
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

impl Entry {
    pub(crate) fn of<A: Architecture + 'static>() -> Self {
        let presets = A::presets().into_iter();
        Self {
            name: A::NAME,
            about: A::ABOUT,
            default: NetworkConfig::of(A::default()),
            presets: presets.map(|(name, config)| (name, NetworkConfig::of(config))).collect(),
        }
    }

    /// Returns the names of the architecture and its presets.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.presets.iter().map(|(name, _)| *name))
    }
}

/// Returns every architecture with its default configuration and presets: the zoo's own, and then those
/// that were [registered](crate::register).
pub fn architectures() -> Vec<Entry> {
    listed().into_iter().chain(registered()).collect()
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
