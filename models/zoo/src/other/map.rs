//! Mappers of the parameters of any network.

use std::any::Any;

use burn::module::{Flag, ModuleMapper, Param};
use burn::tensor::{Bool, Float, Int, Tensor};

use super::rank::{beyond, of_rank};

/// The twin of [`ModuleMapper`] that can be a trait object. A parameter goes in as the `Some` of an
/// `Option` behind `Any`, and the mapped one comes back in its place.
pub(super) trait AnyMapper {
    fn float(&mut self, parameter: &mut dyn Any);
    fn int(&mut self, parameter: &mut dyn Any);
    fn bool(&mut self, parameter: &mut dyn Any);
    fn flag(&mut self, flag: Param<Flag>) -> Param<Flag>;
    fn enter(&mut self, name: &str, container_type: &str);
    fn exit(&mut self, name: &str, container_type: &str);
}

/// What the network meets: hands parameters on as `Any`.
pub(super) struct Inner<'a>(pub(super) &'a mut dyn AnyMapper);

impl ModuleMapper for Inner<'_> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let mut place = Some(parameter);
        self.0.float(&mut place);
        place.unwrap_or_else(|| beyond())
    }

    fn map_int<const D: usize>(
        &mut self,
        parameter: Param<Tensor<D, Int>>,
    ) -> Param<Tensor<D, Int>> {
        let mut place = Some(parameter);
        self.0.int(&mut place);
        place.unwrap_or_else(|| beyond())
    }

    fn map_bool<const D: usize>(
        &mut self,
        parameter: Param<Tensor<D, Bool>>,
    ) -> Param<Tensor<D, Bool>> {
        let mut place = Some(parameter);
        self.0.bool(&mut place);
        place.unwrap_or_else(|| beyond())
    }

    fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        self.0.flag(flag)
    }

    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.0.enter(name, container_type);
    }

    fn exit_module(&mut self, name: &str, container_type: &str) {
        self.0.exit(name, container_type);
    }
}

/// What stands before the mapper: finds each parameter's rank again.
pub(super) struct Outer<'a, M>(pub(super) &'a mut M);

impl<M: ModuleMapper> AnyMapper for Outer<'_, M> {
    fn float(&mut self, parameter: &mut dyn Any) {
        of_rank!(parameter, downcast_mut, Place, Float, found => {
            *found = found.take().map(|parameter| self.0.map_float(parameter));
        });
        beyond()
    }

    fn int(&mut self, parameter: &mut dyn Any) {
        of_rank!(parameter, downcast_mut, Place, Int, found => {
            *found = found.take().map(|parameter| self.0.map_int(parameter));
        });
        beyond()
    }

    fn bool(&mut self, parameter: &mut dyn Any) {
        of_rank!(parameter, downcast_mut, Place, Bool, found => {
            *found = found.take().map(|parameter| self.0.map_bool(parameter));
        });
        beyond()
    }

    fn flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        self.0.map_flag(flag)
    }

    fn enter(&mut self, name: &str, container_type: &str) {
        self.0.enter_module(name, container_type);
    }

    fn exit(&mut self, name: &str, container_type: &str) {
        self.0.exit_module(name, container_type);
    }
}
