//! Architectures that are not in the zoo's own list, behind one type.
//!
//! [`Architecture`](backdraft_layers::Architecture) and Burn's `Module` have associated types, generic
//! methods and methods that return `Self`, so neither can be a trait object. Each has a private twin here
//! that can. Visitors and mappers, which are generic over the rank of a tensor, cross that border as `Any`
//! and find their rank again on the other side.

mod architecture;
mod config;
mod map;
mod network;
mod rank;
mod registry;
mod visit;

pub use config::OtherConfig;
pub use network::OtherNetwork;
pub use registry::{NameTaken, register};
pub(crate) use registry::{read, registered};

#[cfg(test)]
mod tests;
