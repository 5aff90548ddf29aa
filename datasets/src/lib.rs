#![doc = include_str!("../README.md")]

mod digits;
mod error;
mod examples;
mod rng;
mod split;
mod standardise;
mod task;
mod teacher;

pub use digits::Digits;
pub use error::DatasetError;
pub use examples::{Example, Examples};
pub use split::{TrainTest, stratified_split};
pub use standardise::Standardisation;
pub use task::BinaryTask;
pub use teacher::TeacherConfig;
