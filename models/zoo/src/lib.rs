#![doc = include_str!("../README.md")]

mod conformance;
mod list;
mod weights;

pub use conformance::{CHECKS, Conformity, conform};
pub use list::{Entry, NetworkConfig, ZooNetwork, architectures, named, networks};
pub use weights::{LoadOptions, Loaded, Mismatch, WeightsError, load, load_with, save};
