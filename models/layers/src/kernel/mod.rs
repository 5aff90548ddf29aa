//! What the kernels of the CPU back end share.
//!
//! A kernel computes several of Burn's operations as one autodiff node on `flex`, in 32 bits; Burn's
//! own operations remain the reference and run everywhere else.

mod math;
mod parameters;
mod product;

use burn::backend::flex::FlexTensor;
use burn::tensor::TensorData;

pub use math::{erf, exp, exp_less_one, sigmoid, tanh};
pub use parameters::parameter_gradients;
pub use product::{Left, Right, multiply};

/// Returns the tensor with its values in order, copied only if they are not.
pub fn contiguous(primitive: &FlexTensor) -> FlexTensor {
    if primitive.is_contiguous() { primitive.clone() } else { primitive.to_contiguous() }
}

/// Makes a tensor of values in order, without a copy.
pub fn tensor(values: Vec<f32>, shape: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.to_vec()))
}
