//! Weights drawn, scaled and spoiled by their paths.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};

use crate::data::Numbers;

/// What becomes of the parameters of a module, by their paths.
pub(crate) fn change<M: Module>(module: M, of: impl FnMut(&str, &mut Values)) -> M {
    module.map(&mut Surgeon { path: Vec::new(), of })
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
}

struct Surgeon<F> {
    path: Vec<String>,
    of: F,
}

impl<F: FnMut(&str, &mut Values)> ModuleMapper for Surgeon<F> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !parameter.is_require_grad() {
            return parameter;
        }
        let path = self.path.join(".");
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
