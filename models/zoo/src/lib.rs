#![doc = include_str!("../README.md")]

mod list;
mod weights;

pub use list::{Entry, NetworkConfig, ZooNetwork, architectures, named};
pub use weights::{WeightsError, load, save};
