//! The same weights, batch and step on every back end: how far what is measured lies apart.

mod difference;
mod first_step;
mod subject;

pub use difference::{Difference, difference};
pub use subject::{Subject, subjects};
