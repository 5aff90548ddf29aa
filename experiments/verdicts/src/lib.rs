#![doc = include_str!("../README.md")]

pub mod judgement;
mod statement;
pub mod statistics;
pub mod verdict;

pub use judgement::{Sample, Successes, Times, in_every_case, rises_along};
pub use statement::Statement;
pub use verdict::{Effect, Ruling, Verdict, correct_suite};
