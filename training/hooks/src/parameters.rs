//! A module's parameters in depth order, by path.

use backdraft_rows::Subject;
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;

use crate::selection::Filter;

/// Receives each float parameter of a module with its path.
pub(crate) trait ParameterVisitor {
    fn visit<const D: usize>(&mut self, path: &Subject, parameter: &Param<Tensor<D>>);
}

/// The paths of a module's parameters, built at the first walk and reused while they match.
///
/// Joining strings for every parameter at every step would cost more than computing the norms of a
/// small network.
#[derive(Clone, Debug, Default)]
pub(crate) struct ParameterPaths {
    /// In visiting order.
    paths: Vec<Known>,
}

#[derive(Clone, Debug)]
struct Known {
    id: ParamId,
    path: Subject,
    /// False for a parameter that is filtered out, or shared and visited before.
    is_visited: bool,
}

impl ParameterPaths {
    /// Returns how many parameters the last module had, 0 before the first walk.
    pub(crate) fn len(&self) -> usize {
        self.paths.len()
    }

    /// Returns the path of a parameter that the last module had, filtered out or not.
    pub(crate) fn of(&self, id: ParamId) -> Option<&Subject> {
        self.paths.iter().find(|known| known.id == id).map(|known| &known.path)
    }

    /// Visits the float parameters of `module` that pass the filter, in the order of its fields,
    /// each once. The filter must be the same at every walk.
    pub(crate) fn walk<M: Module, V: ParameterVisitor>(
        &mut self,
        module: &M,
        filter: &Filter,
        visitor: &mut V,
    ) {
        let known = &mut self.paths;
        let mut walk = Walk { known, filter, position: 0, stack: Vec::new(), visitor };
        module.visit(&mut walk);
    }
}

/// Burn never calls `visit_float_with_path`, so the path is kept here.
struct Walk<'a, V> {
    known: &'a mut Vec<Known>,
    filter: &'a Filter,
    position: usize,
    stack: Vec<Step>,
    visitor: &'a mut V,
}

struct Step {
    name: String,
    container: Container,
}

#[derive(Clone, Copy, PartialEq)]
enum Container {
    Enum,
    Other,
}

impl<V: ParameterVisitor> Walk<'_, V> {
    /// Burn enters an enum's variant like a field. Variants are left out of paths, because replacing
    /// `Norm::Batch` with `Norm::Layer` does not move the parameter.
    fn path(&self) -> String {
        let named = self.stack.iter().filter(|step| step.container != Container::Enum);
        named.map(|step| step.name.as_str()).collect::<Vec<_>>().join(".")
    }
}

impl<V: ParameterVisitor> ModuleVisitor for Walk<'_, V> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let is_known = self.known.get(self.position).is_some_and(|known| known.id == parameter.id);
        if !is_known {
            self.known.truncate(self.position);
            let path = self.path();
            let is_new = self.known.iter().all(|known| known.id != parameter.id);
            let is_visited = is_new && self.filter.accepts(&path);
            self.known.push(Known { id: parameter.id, path: path.into(), is_visited });
        }
        let known = &self.known[self.position];
        self.position += 1;
        if known.is_visited {
            self.visitor.visit(&known.path, parameter);
        }
    }

    fn enter_module(&mut self, name: &str, container_type: &str) {
        let container =
            if container_type.starts_with("Enum:") { Container::Enum } else { Container::Other };
        self.stack.push(Step { name: name.to_owned(), container });
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.stack.pop();
    }
}
