#![doc = include_str!("../README.md")]

mod conformance;
mod fields;
mod list;
mod other;
mod weights;

pub use conformance::{CHECKS, Conformity, conform};
pub use list::{Entry, NetworkConfig, ZooNetwork, architectures, named, networks};
pub use other::{NameTaken, OtherConfig, OtherNetwork, register};
pub use weights::{LoadOptions, Loaded, Mismatch, WeightsError, load, load_with, save};
