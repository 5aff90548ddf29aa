//! The convolution kernel for the CPU back end: a single autodiff node, without im2col's copies.
//!
//! Each channel of an image is copied once into a zero-padded plane. If a plane is read as one long
//! row, each tap of a filter is a shift. The output is then a product of the filters with shifted
//! planes, and so is the gradient of the input; the gradient of the filters is a correlation of two
//! sets of planes. All loads are contiguous. With a stride s, there is one plane for each phase,
//! which holds every s-th pixel.

mod geometry;
mod node;
mod passes;
mod planes;
mod products;

pub(super) use node::run;
