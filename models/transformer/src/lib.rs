#![doc = include_str!("../README.md")]

mod architecture;
mod attention;
mod config;
mod layer;
mod transformer;

pub use attention::Attention;
pub use config::{NormOrder, TransformerConfig};
pub use layer::TransformerLayer;
pub use transformer::Transformer;
