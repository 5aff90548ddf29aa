#![doc = include_str!("../README.md")]

mod data;
mod fault;
mod program;
mod score;
mod surgery;
mod training;

pub use fault::Fault;
pub use program::Program;
pub use score::Score;
pub use training::Training;
