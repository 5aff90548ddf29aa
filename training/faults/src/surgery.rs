//! Weights drawn, scaled and spoiled by their paths.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{FloatDType, Tensor, TensorData};

use crate::data::Numbers;
use crate::run::is_within;

/// What becomes of the parameters of a module, by their paths.
pub(crate) fn change<M: Module>(module: M, of: impl FnMut(&str, &mut Values)) -> M {
    module.map(&mut Surgeon { path: Path::default(), of })
}

/// Draws all weights anew from a seed, with variance `gain / inputs`.
pub(crate) fn draw<M: Module>(module: M, seed: u64, gain: f64) -> M {
    let mut numbers = Numbers::new(seed);
    change(module, |_, values| {
        let Some(inputs) = values.inputs() else { return };
        let deviation = (gain / inputs as f64).sqrt();
        values.numbers.iter_mut().for_each(|x| *x = (deviation * numbers.normal()) as f32);
    })
}

/// Swaps the parameters of two layers, as far as they have the same names and shapes.
pub(crate) fn swapped<M: Module>(module: M, one: &str, other: &str) -> M {
    let mut seen: HashMap<String, Vec<f32>> = HashMap::new();
    let module = change(module, |path, values| {
        seen.insert(path.to_owned(), values.numbers.clone());
    });
    change(module, |path, values| {
        let name = |from: &str, to: &str| {
            is_within(path, from).then(|| format!("{to}{}", &path[from.len()..]))
        };
        let twin = name(one, other).or_else(|| name(other, one));
        let twin = twin.and_then(|twin| seen.get(&twin));
        if let Some(twin) = twin.filter(|twin| twin.len() == values.numbers.len()) {
            values.numbers.clone_from(twin);
        }
    })
}

/// Returns a copy in which the parameters of a layer are no part of the graph.
pub(crate) fn detached<M: Module>(module: &M, layer: &str) -> M {
    module.clone().map(&mut Detach { path: Path::default(), layer })
}

/// Returns the module with parameters in f16.
pub(crate) fn half_precision<M: Module>(module: M) -> M {
    module.map(&mut Half)
}

/// Returns gradients multiplied by a factor.
pub(crate) fn scaled<M: Module>(
    model: &M,
    gradients: GradientsParams,
    factor: f64,
) -> GradientsParams {
    let mut scale = Scale { path: Path::default(), gradients, factor: |_: &str| Some(factor) };
    model.visit(&mut scale);
    scale.gradients
}

/// Returns gradients without those of a layer.
pub(crate) fn without<M: Module>(
    model: &M,
    gradients: GradientsParams,
    layer: &str,
) -> GradientsParams {
    let factor = |path: &str| (!is_within(path, layer)).then_some(1.0);
    let mut scale = Scale { path: Path::default(), gradients, factor };
    model.visit(&mut scale);
    scale.gradients
}

/// The elements of a parameter.
pub(crate) struct Values {
    pub(crate) shape: Vec<usize>,
    pub(crate) numbers: Vec<f32>,
}

impl Values {
    /// Returns the number of inputs of a weight; `None` for a vector.
    fn inputs(&self) -> Option<usize> {
        match self.shape[..] {
            [inputs, _] => Some(inputs),
            [_, ref inputs @ ..] if inputs.len() > 1 => Some(inputs.iter().product()),
            _ => None,
        }
    }

    pub(crate) fn scale(&mut self, factor: f32) {
        self.numbers.iter_mut().for_each(|x| *x *= factor);
    }

    pub(crate) fn fill(&mut self, value: f32) {
        self.numbers.fill(value);
    }

    /// Gives every unit of a linear layer the weights of the first.
    pub(crate) fn tie_units(&mut self) {
        let units = self.shape.last().copied().unwrap_or(1);
        self.numbers.chunks_mut(units).for_each(|of_input| of_input.fill(of_input[0]));
    }
}

/// The names of the modules around a parameter, without those of the variants of enums, as hooks have them.
#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    fn enter(&mut self, name: &str, container: &str) {
        if !container.starts_with("Enum") {
            self.0.push(name.to_owned());
        }
    }

    fn exit(&mut self, container: &str) {
        if !container.starts_with("Enum") {
            self.0.pop();
        }
    }

    fn joined(&self) -> String {
        self.0.join(".")
    }
}

struct Surgeon<F> {
    path: Path,
    of: F,
}

impl<F: FnMut(&str, &mut Values)> ModuleMapper for Surgeon<F> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !parameter.is_require_grad() {
            return parameter;
        }
        let path = self.path.joined();
        parameter.map(|tensor| {
            let (device, shape) = (tensor.device(), tensor.dims().to_vec());
            let numbers = tensor.into_data().iter::<f32>().collect();
            let mut values = Values { shape, numbers };
            (self.of)(&path, &mut values);
            let data = TensorData::new(values.numbers, values.shape);
            Tensor::from_data(data, &device).require_grad()
        })
    }
}

struct Detach<'a> {
    path: Path,
    layer: &'a str,
}

impl ModuleMapper for Detach<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !is_within(&self.path.joined(), self.layer) {
            return parameter;
        }
        let (id, tensor, _) = parameter.consume();
        Param::initialized(id, tensor.detach())
    }
}

struct Half;

impl ModuleMapper for Half {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        parameter.map(|tensor| tensor.cast(FloatDType::F16).detach().require_grad())
    }
}

/// Multiplies gradients by a factor by path; without one, it takes them out.
struct Scale<F> {
    path: Path,
    gradients: GradientsParams,
    factor: F,
}

impl<F: FnMut(&str) -> Option<f64>> ModuleVisitor for Scale<F> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.remove::<D>(parameter.id) else { return };
        if let Some(factor) = (self.factor)(&self.path.joined()) {
            self.gradients.register(parameter.id, gradient * factor);
        }
    }
}
