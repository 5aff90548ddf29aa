#![doc = include_str!("../README.md")]

mod activation;
mod cell;
mod error;
mod initializer;
mod normalization;
mod readout;
mod skip;

pub use activation::Activation;
pub use cell::Cell;
pub use error::{InvalidField, SIZES};
pub use initializer::Initializer;
pub use normalization::Normalization;
pub use readout::Readout;
pub use skip::Skip;
