//! Visitors of the parameters of any network.

use std::any::Any;

use burn::module::{Flag, ModuleVisitor, Param, ParamId};
use burn::tensor::{Bool, Float, Int, Tensor};

use super::rank::{beyond, of_rank};

/// The twin of [`ModuleVisitor`] that can be a trait object: parameters of any rank as `Any`.
pub(super) trait AnyVisitor {
    fn float(&mut self, parameter: &dyn Any);
    fn int(&mut self, parameter: &dyn Any);
    fn bool(&mut self, parameter: &dyn Any);
    fn flag(&mut self, flag: &Param<Flag>);
    fn enter(&mut self, name: &str, container_type: &str);
    fn exit(&mut self, name: &str, container_type: &str);
    fn float_at(&mut self, path: &[String], id: ParamId, tensor: &dyn Any);
    fn int_at(&mut self, path: &[String], id: ParamId, tensor: &dyn Any);
    fn bool_at(&mut self, path: &[String], id: ParamId, tensor: &dyn Any);
}

/// What the network meets: hands parameters on as `Any`.
pub(super) struct Inner<'a>(pub(super) &'a mut dyn AnyVisitor);

impl ModuleVisitor for Inner<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        self.0.float(parameter);
    }

    fn visit_int<const D: usize>(&mut self, parameter: &Param<Tensor<D, Int>>) {
        self.0.int(parameter);
    }

    fn visit_bool<const D: usize>(&mut self, parameter: &Param<Tensor<D, Bool>>) {
        self.0.bool(parameter);
    }

    fn visit_flag(&mut self, flag: &Param<Flag>) {
        self.0.flag(flag);
    }

    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.0.enter(name, container_type);
    }

    fn exit_module(&mut self, name: &str, container_type: &str) {
        self.0.exit(name, container_type);
    }

    fn visit_float_with_path<const D: usize>(
        &mut self,
        path: &[String],
        id: ParamId,
        tensor: &Tensor<D>,
    ) {
        self.0.float_at(path, id, tensor);
    }

    fn visit_int_with_path<const D: usize>(
        &mut self,
        path: &[String],
        id: ParamId,
        tensor: &Tensor<D, Int>,
    ) {
        self.0.int_at(path, id, tensor);
    }

    fn visit_bool_with_path<const D: usize>(
        &mut self,
        path: &[String],
        id: ParamId,
        tensor: &Tensor<D, Bool>,
    ) {
        self.0.bool_at(path, id, tensor);
    }
}

/// What stands before the visitor: finds each parameter's rank again.
pub(super) struct Outer<'a, V>(pub(super) &'a mut V);

impl<V: ModuleVisitor> AnyVisitor for Outer<'_, V> {
    fn float(&mut self, parameter: &dyn Any) {
        of_rank!(parameter, downcast_ref, Param, Float, found => self.0.visit_float(found));
        beyond()
    }

    fn int(&mut self, parameter: &dyn Any) {
        of_rank!(parameter, downcast_ref, Param, Int, found => self.0.visit_int(found));
        beyond()
    }

    fn bool(&mut self, parameter: &dyn Any) {
        of_rank!(parameter, downcast_ref, Param, Bool, found => self.0.visit_bool(found));
        beyond()
    }

    fn flag(&mut self, flag: &Param<Flag>) {
        self.0.visit_flag(flag);
    }

    fn enter(&mut self, name: &str, container_type: &str) {
        self.0.enter_module(name, container_type);
    }

    fn exit(&mut self, name: &str, container_type: &str) {
        self.0.exit_module(name, container_type);
    }

    fn float_at(&mut self, path: &[String], id: ParamId, tensor: &dyn Any) {
        of_rank!(tensor, downcast_ref, Tensor, Float, found => {
            self.0.visit_float_with_path(path, id, found)
        });
        beyond()
    }

    fn int_at(&mut self, path: &[String], id: ParamId, tensor: &dyn Any) {
        of_rank!(tensor, downcast_ref, Tensor, Int, found => {
            self.0.visit_int_with_path(path, id, found)
        });
        beyond()
    }

    fn bool_at(&mut self, path: &[String], id: ParamId, tensor: &dyn Any) {
        of_rank!(tensor, downcast_ref, Tensor, Bool, found => {
            self.0.visit_bool_with_path(path, id, found)
        });
        beyond()
    }
}
