#![doc = include_str!("../README.md")]

mod architecture;
mod cell;
mod config;
mod draw;
#[cfg(feature = "flex")]
mod kernel;
mod layer;
mod network;
mod plain;
mod variant;

pub use cell::{Cell, Readout};
pub use config::RecurrentConfig;
pub use layer::{Path, RecurrentLayer};
pub use network::Recurrent;
pub use variant::{Norms, Peepholes, Variant};
