#![doc = include_str!("../README.md")]

mod clipping;
mod config;
mod error;
mod examples;
mod listener;
mod objective;
#[cfg(feature = "flex")]
mod one_pass_adam;
mod optimizer;
mod order;
mod schedule;
mod trainer;

pub use clipping::{Clipped, Clipping, clip};
pub use config::{ConfigError, TrainerConfig};
pub use error::TrainError;
pub use examples::{Examples, Rows};
pub use listener::{Ignore, Listener, Progress};
pub use objective::{BinaryCrossEntropy, CrossEntropy, MeanSquaredError, Objective};
pub use optimizer::OptimizerConfig;
pub use order::BatchOrder;
pub use schedule::RateSchedule;
pub use trainer::{Outcome, Splits, Trainer};
