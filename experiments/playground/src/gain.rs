//! Multiplies weight matrices.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::Tensor;

/// Multiplies every weight matrix of a network without autodiff; biases, and the gains and shifts of
/// normalisation, are left as they are.
pub(super) fn scaled<M: Module>(network: M, gain: f64) -> M {
    network.map(&mut Scale(gain))
}

struct Scale(f64);

impl ModuleMapper for Scale {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if D < 2 { parameter } else { parameter.map(|weight| weight * self.0) }
    }
}
