#![doc = include_str!("../README.md")]

mod benchmark;
mod data;
mod error;
mod fault;
mod half;
mod judged;
mod program;
mod run;
mod sagemaker;
mod score;
mod surgery;
mod table;
mod training;

pub use benchmark::judge_all;
pub use error::Error;
pub use fault::Fault;
pub use half::{Half, is_held_out};
pub use judged::{Judged, State};
pub use program::Program;
pub use sagemaker::sagemaker;
pub use score::{Baseline, FaultScore, RuleScore, Score};
pub use training::Training;
