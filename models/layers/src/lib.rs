#![doc = include_str!("../README.md")]

mod activation;
mod activation_layer;
mod architecture;
mod batch_norm;
mod convolution;
mod dense;
mod error;
mod functions;
mod initializer;
#[cfg(feature = "flex")]
pub mod kernel;
mod linear;
mod orthogonal;
mod rng;
mod threads;

pub use activation::ActivationExt;
pub use activation_layer::ActivationLayer;
pub use architecture::{Architecture, Network, TaskShape};
pub use backdraft_spec::{Activation, Initializer, InvalidField, SIZES};
pub use batch_norm::batch_norm;
pub use convolution::{ConvolutionInit, convolve};
pub use dense::dense;
pub use error::SingleValue;
pub use functions::sigmoid;
pub use initializer::InitializerExt;
pub use linear::LinearInit;
pub use rng::{WeightRng, weight_rng};
pub use threads::{threads, with_threads};
