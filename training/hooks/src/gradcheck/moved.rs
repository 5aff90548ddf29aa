//! Modules with moved parameters.

use backdraft_rows::Subject;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::container::TensorContainer;
use burn::tensor::{Tensor, TensorData};

use super::place::Place;
use crate::parameters::{ParameterPaths, ParameterVisitor};
use crate::selection::Filter;

/// Returns the module in training at a place, with its learned parameters moved if `is_moved`.
pub(super) fn prepared<M: Module>(model: &M, place: &Place, is_moved: bool) -> M {
    let shared = TensorContainer::new();
    model.clone().train().map(&mut Prepare { place, is_moved, count: 0, shared })
}

struct Prepare<'a> {
    place: &'a Place,
    is_moved: bool,
    count: usize,
    /// By parameter, so that what layers share stays one tensor with one gradient.
    shared: TensorContainer<ParamId>,
}

impl ModuleMapper for Prepare<'_> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if let Some(shared) = self.shared.get::<Tensor<D>>(&parameter.id) {
            return parameter.map(|_| shared);
        }
        self.count += 1;
        let (place, salt) = (self.place, self.count as f64);
        let is_learned = parameter.is_require_grad();
        let is_moved = self.is_moved && is_learned;
        let parameter = parameter.map(|value| {
            let value = place.put(value);
            if !is_learned {
                return value;
            }
            if !is_moved {
                return learned(value);
            }
            let noise = |i: usize| 0.1 * (((i + 1) as f64) * (1.3 + 0.01 * salt) + salt).sin();
            let noise = (0..value.shape().num_elements()).map(noise).collect();
            learned(added(value, noise))
        });
        self.shared.register(parameter.id, parameter.val());
        parameter
    }
}

/// Moves one learned parameter.
pub(super) struct Along<'a> {
    pub(super) parameter: ParamId,
    pub(super) direction: &'a [f64],
    pub(super) distance: f64,
}

impl ModuleMapper for Along<'_> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if parameter.id != self.parameter {
            return parameter;
        }
        let step = self.direction.iter().map(|v| self.distance * v).collect();
        parameter.map(|value| learned(added(value, step)))
    }
}

fn added<const D: usize>(value: Tensor<D>, step: Vec<f64>) -> Tensor<D> {
    let (shape, options) = (value.shape(), (&value.device(), value.dtype()));
    let step = Tensor::from_data(TensorData::new(step, shape), options);
    value + step
}

/// Turns a computed value into that of a parameter.
pub(super) fn learned<const D: usize>(value: Tensor<D>) -> Tensor<D> {
    if value.is_autodiff() { value.detach().require_grad() } else { value }
}

/// Returns the learned parameters that have the same values in both modules.
pub(super) fn unmoved<M: Module>(before: &M, after: &M) -> Vec<Subject> {
    let mut values = Values(TensorContainer::new());
    ParameterPaths::default().walk(before, &Filter::all(), &mut values);
    let mut same = Same { values: values.0, parameters: Vec::new() };
    ParameterPaths::default().walk(after, &Filter::all(), &mut same);
    same.parameters
}

/// Returns the shared parameters that have different values in different places.
pub(super) fn untied<M: Module>(model: &M) -> Vec<Subject> {
    let mut ties = Ties { values: TensorContainer::new(), broken: Vec::new() };
    model.visit(&mut ties);
    let mut paths = ParameterPaths::default();
    paths.walk(model, &Filter::all(), &mut Nothing);
    ties.broken.iter().filter_map(|id| paths.of(*id).cloned()).collect()
}

/// Only the paths are wanted.
struct Nothing;

impl ParameterVisitor for Nothing {
    fn visit<const D: usize>(&mut self, _: &Subject, _: &Param<Tensor<D>>) {}
}

struct Ties {
    values: TensorContainer<ParamId>,
    broken: Vec<ParamId>,
}

impl ModuleVisitor for Ties {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let value = parameter.val().without_autodiff();
        match self.values.get::<Tensor<D>>(&parameter.id) {
            None => self.values.register(parameter.id, value),
            Some(first) if first.clone().into_data() == value.clone().into_data() => {}
            Some(_) => self.broken.push(parameter.id),
        }
    }
}

struct Values(TensorContainer<ParamId>);

impl ParameterVisitor for Values {
    fn visit<const D: usize>(&mut self, _: &Subject, parameter: &Param<Tensor<D>>) {
        if parameter.is_require_grad() {
            self.0.register(parameter.id, parameter.val().without_autodiff());
        }
    }
}

struct Same {
    values: TensorContainer<ParamId>,
    parameters: Vec<Subject>,
}

impl ParameterVisitor for Same {
    fn visit<const D: usize>(&mut self, path: &Subject, parameter: &Param<Tensor<D>>) {
        if let Some(before) = self.values.remove::<Tensor<D>>(&parameter.id) {
            let after = parameter.val().without_autodiff();
            if after.into_data() == before.into_data() {
                self.parameters.push(path.clone());
            }
        }
    }
}
