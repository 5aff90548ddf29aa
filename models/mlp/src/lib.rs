#![doc = include_str!("../README.md")]

mod block;
mod config;
mod error;
mod mlp;
mod normalization;
mod skip;

pub use block::Block;
pub use config::MlpConfig;
pub use error::MlpError;
pub use mlp::Mlp;
pub use normalization::{Normalization, NormalizationLayer};
pub use skip::Skip;
