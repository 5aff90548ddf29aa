#![doc = include_str!("../README.md")]

mod architecture;
mod config;
mod draw;
mod layer;
mod network;
mod number;
mod scan;
mod units;

pub use backdraft_spec::Readout;
pub use config::{LinearRecurrentConfig, Unit};
pub use layer::LinearRecurrentLayer;
pub use network::LinearRecurrent;
pub use number::{Complex, Number};
pub use scan::{scan, scan_in_a_loop};
pub use units::{Lru, MinGru, RecurrentUnit};
