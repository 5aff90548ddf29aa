//! Shared parts of the kernels for the CPU back end.
//!
//! A kernel computes several of Burn's operations as a single autodiff node, in `f32` on `flex`.
//! Burn's own operations are the reference and run everywhere else.

mod math;
mod parameters;
mod product;

use burn::backend::flex::FlexTensor;
use burn::tensor::TensorData;

pub use math::{erf, exp, exp_less_one, sigmoid, tanh};
pub use parameters::parameter_gradients;
pub use product::{Left, Right, multiply};

/// Returns the tensor in contiguous layout, copying it only if necessary.
pub fn contiguous(primitive: &FlexTensor) -> FlexTensor {
    if primitive.is_contiguous() { primitive.clone() } else { primitive.to_contiguous() }
}

/// Creates a tensor from contiguous values without copying them.
pub fn tensor(values: Vec<f32>, shape: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.to_vec()))
}
