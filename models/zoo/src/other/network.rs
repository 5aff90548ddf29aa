//! A network that the zoo does not list.

use std::any::Any;
use std::fmt::{self, Debug};

use backdraft_hooks::Taps;
use backdraft_layers::Network;
use burn::module::{
    Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor,
};
use burn::tensor::{Device, Tensor};

use super::map::{AnyMapper, Inner as InnerMapper, Outer as OuterMapper};
use super::visit::{AnyVisitor, Inner as InnerVisitor, Outer as OuterVisitor};

/// A network of an architecture outside the zoo's own list.
///
/// Visitors and mappers see the parameters under the names that the network itself gives them.
pub struct OtherNetwork(Box<dyn AnyNetwork>);

impl OtherNetwork {
    pub(super) fn new(network: impl Network + 'static) -> Self {
        Self(Box::new(network))
    }

    /// Returns the network, if it has this type.
    pub fn downcast_ref<N: Network + 'static>(&self) -> Option<&N> {
        (&*self.0 as &dyn Any).downcast_ref()
    }
}

/// What [`Module`] and [`Network`] promise, for a network of any type.
trait AnyNetwork: Any + Debug + Send {
    fn boxed(&self) -> Box<dyn AnyNetwork>;
    fn score(&self, examples: Tensor<2>, taps: &mut Taps) -> Tensor<2>;
    fn collect_devices(&self, devices: Devices) -> Devices;
    fn fork(self: Box<Self>, device: &Device) -> Box<dyn AnyNetwork>;
    fn to_device(self: Box<Self>, device: &Device) -> Box<dyn AnyNetwork>;
    fn train(self: Box<Self>) -> Box<dyn AnyNetwork>;
    fn valid(&self) -> Box<dyn AnyNetwork>;
    fn materialize(self: Box<Self>) -> Box<dyn AnyNetwork>;
    fn visit(&self, visitor: &mut dyn AnyVisitor);
    fn map(self: Box<Self>, mapper: &mut dyn AnyMapper) -> Box<dyn AnyNetwork>;
}

impl<N: Network + 'static> AnyNetwork for N {
    fn boxed(&self) -> Box<dyn AnyNetwork> {
        Box::new(self.clone())
    }

    fn score(&self, examples: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        Network::score(self, examples, taps)
    }

    fn collect_devices(&self, devices: Devices) -> Devices {
        Module::collect_devices(self, devices)
    }

    fn fork(self: Box<Self>, device: &Device) -> Box<dyn AnyNetwork> {
        Box::new(Module::fork(*self, device))
    }

    fn to_device(self: Box<Self>, device: &Device) -> Box<dyn AnyNetwork> {
        Box::new(Module::to_device(*self, device))
    }

    fn train(self: Box<Self>) -> Box<dyn AnyNetwork> {
        Box::new(Module::train(*self))
    }

    fn valid(&self) -> Box<dyn AnyNetwork> {
        Box::new(Module::valid(self))
    }

    fn materialize(self: Box<Self>) -> Box<dyn AnyNetwork> {
        Box::new(Module::materialize(*self))
    }

    fn visit(&self, visitor: &mut dyn AnyVisitor) {
        Module::visit(self, &mut InnerVisitor(visitor));
    }

    fn map(self: Box<Self>, mapper: &mut dyn AnyMapper) -> Box<dyn AnyNetwork> {
        Box::new(Module::map(*self, &mut InnerMapper(mapper)))
    }
}

impl Module for OtherNetwork {
    fn collect_devices(&self, devices: Devices) -> Devices {
        self.0.collect_devices(devices)
    }

    fn fork(self, device: &Device) -> Self {
        Self(self.0.fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        Self(self.0.to_device(device))
    }

    fn train(self) -> Self {
        Self(self.0.train())
    }

    fn valid(&self) -> Self {
        Self(self.0.valid())
    }

    fn materialize(self) -> Self {
        Self(self.0.materialize())
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        self.0.visit(&mut OuterVisitor(visitor));
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        Self(self.0.map(&mut OuterMapper(mapper)))
    }
}

impl Network for OtherNetwork {
    fn score(&self, examples: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        self.0.score(examples, taps)
    }
}

impl Clone for OtherNetwork {
    fn clone(&self) -> Self {
        Self(self.0.boxed())
    }
}

impl Debug for OtherNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ModuleDisplayDefault for OtherNetwork {
    fn content(&self, content: Content) -> Option<Content> {
        content.add_debug_attribute("network", self).optional()
    }

    fn num_params(&self) -> usize {
        Module::num_params(self)
    }
}

impl ModuleDisplay for OtherNetwork {}
