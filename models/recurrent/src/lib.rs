#![doc = include_str!("../README.md")]

mod architecture;
mod cell;
mod config;
#[cfg(feature = "flex")]
mod kernel;
mod layer;
mod network;
mod plain;

pub use cell::{Cell, Readout};
pub use config::RecurrentConfig;
pub use layer::{Path, RecurrentLayer};
pub use network::Recurrent;
