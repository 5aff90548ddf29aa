#![doc = include_str!("../README.md")]

mod architecture;
mod block;
mod branch;
mod config;
mod options;
mod resnet;
mod shortcut;
mod sizes;
mod stem;

pub use block::ResidualBlock;
pub use branch::BranchScalars;
pub use config::ResnetConfig;
pub use options::{ActivationOrder, Normalization, ShortcutKind, StemKind};
pub use resnet::Resnet;
pub use shortcut::Shortcut;
pub use stem::Stem;
