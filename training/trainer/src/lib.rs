#![doc = include_str!("../README.md")]

mod checkpoint;
mod clipping;
mod config;
mod error;
mod examples;
mod guard;
mod host;
mod keeper;
mod lesson;
mod listener;
mod objective;
#[cfg(feature = "flex")]
mod one_pass_adam;
mod optimizer;
mod order;
mod replay;
mod schedule;
mod session;
mod trainer;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use clipping::{Clipped, Clipping, clip};
pub use config::{ConfigError, TrainerConfig};
pub use error::TrainError;
pub use examples::{Examples, Rows};
pub use keeper::{Decision, Keeper};
pub use listener::{Ignore, Listener, Look, Progress};
pub use objective::{BinaryCrossEntropy, CrossEntropy, MeanSquaredError, Objective};
pub use optimizer::OptimizerConfig;
pub use order::BatchOrder;
pub use replay::{ExampleBatch, ExampleGradient, RankedBy, Replay, Replayed, example_gradients};
pub use schedule::RateSchedule;
pub use session::{Session, Step};
pub use trainer::{Outcome, Splits, Trainer};
