#![doc = include_str!("../README.md")]

mod activation;
mod activation_layer;
mod initializer;
mod linear;
mod orthogonal;
mod rng;

pub use activation::Activation;
pub use activation_layer::ActivationLayer;
pub use initializer::Initializer;
pub use linear::LinearInit;
pub use rng::{WeightRng, weight_rng};
