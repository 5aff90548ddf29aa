#![doc = include_str!("../README.md")]

mod architecture;
mod block;
mod config;
mod mlp;
mod normalization;
mod skip;

pub use backdraft_spec::{Normalization, Skip};
pub use block::Block;
pub use config::MlpConfig;
pub use mlp::Mlp;
pub use normalization::NormalizationLayer;
pub use skip::SkipLayer;
