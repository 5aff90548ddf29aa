#![doc = include_str!("../README.md")]

mod architecture;
mod config;
mod draw;
mod equations;
#[cfg(feature = "flex")]
mod kernel;
mod layer;
mod network;
mod plain;
mod sequence;
mod variant;

pub use backdraft_spec::{Cell, Readout};
pub use config::RecurrentConfig;
pub use layer::{Path, RecurrentLayer};
pub use network::Recurrent;
pub use sequence::{
    Gru, GruConfig, Lstm, LstmConfig, Rnn, RnnConfig, Stack, State, UnsupportedLayer,
};
pub use variant::{Norms, Peepholes, Variant};
