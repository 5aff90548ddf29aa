//! The twin of [`Architecture`] that can be a trait object.

use std::any::Any;
use std::fmt::Debug;

use backdraft_layers::{Architecture, InvalidField, SingleValue, TaskShape};
use burn::tensor::Device;
use toml::Table;

use super::config::OtherConfig;
use super::network::OtherNetwork;
use crate::conformance::{Conformity, conform};

/// What [`Architecture`] promises, for one configuration of any type.
pub(crate) trait AnyArchitecture: Any + Debug + Send + Sync {
    fn name(&self) -> &'static str;
    fn boxed(&self) -> Box<dyn AnyArchitecture>;
    fn equals(&self, other: &dyn Any) -> bool;
    fn table(&self) -> Result<Table, toml::ser::Error>;
    fn validate(&self) -> Result<(), InvalidField>;
    fn try_init(&self, seed: u64, device: &Device) -> Result<OtherNetwork, InvalidField>;
    fn example_shape(&self) -> Vec<usize>;
    fn accepts(&self, example_shape: &[usize]) -> bool;
    fn outputs(&self) -> usize;
    fn check_batch(&self, examples: usize) -> Result<(), SingleValue>;
    fn fitted(&self, task: &TaskShape) -> Option<OtherConfig>;
    fn num_learned(&self) -> usize;
    fn num_activations(&self) -> f64;
    fn miniature(&self) -> OtherConfig;
    fn pytorch_names(&self) -> Vec<(String, String)>;
    fn conform(&self, devices: &[Device]) -> Vec<Conformity>;
}

impl<A: Architecture + 'static> AnyArchitecture for A {
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn boxed(&self) -> Box<dyn AnyArchitecture> {
        Box::new(self.clone())
    }

    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<A>() == Some(self)
    }

    fn table(&self) -> Result<Table, toml::ser::Error> {
        Table::try_from(self)
    }

    fn validate(&self) -> Result<(), InvalidField> {
        Architecture::validate(self)
    }

    fn try_init(&self, seed: u64, device: &Device) -> Result<OtherNetwork, InvalidField> {
        Architecture::try_init(self, seed, device).map(OtherNetwork::new)
    }

    fn example_shape(&self) -> Vec<usize> {
        Architecture::example_shape(self)
    }

    fn accepts(&self, example_shape: &[usize]) -> bool {
        Architecture::accepts(self, example_shape)
    }

    fn outputs(&self) -> usize {
        Architecture::outputs(self)
    }

    fn check_batch(&self, examples: usize) -> Result<(), SingleValue> {
        Architecture::check_batch(self, examples)
    }

    fn fitted(&self, task: &TaskShape) -> Option<OtherConfig> {
        Architecture::fitted(self, task).map(OtherConfig::new)
    }

    fn num_learned(&self) -> usize {
        Architecture::num_learned(self)
    }

    fn num_activations(&self) -> f64 {
        Architecture::num_activations(self)
    }

    fn miniature(&self) -> OtherConfig {
        OtherConfig::new(Architecture::miniature(self))
    }

    fn pytorch_names(&self) -> Vec<(String, String)> {
        Architecture::pytorch_names(self)
    }

    fn conform(&self, devices: &[Device]) -> Vec<Conformity> {
        conform(self, devices)
    }
}
