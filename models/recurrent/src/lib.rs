#![doc = include_str!("../README.md")]

mod architecture;
mod config;
mod draw;
#[cfg(feature = "flex")]
mod kernel;
mod layer;
mod network;
mod plain;
mod readout;
mod variant;

pub use backdraft_spec::Cell;
pub use config::RecurrentConfig;
pub use layer::{Path, RecurrentLayer};
pub use network::Recurrent;
pub use readout::Readout;
pub use variant::{Norms, Peepholes, Variant};
