//! Independent reference implementations in `f64`, written from the definitions and sharing no code
//! with what they check. The tests themselves are in `cross_crate/` and `binary.rs`.

mod activations;
mod reference;

pub use activations::{Point, closed_form};
pub use reference::{Gradients, Layer, ReferenceMlp};

/// The README's example, so that it is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
