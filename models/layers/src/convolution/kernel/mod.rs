//! The convolution kernel of the CPU back end: one autodiff node, without the copies of im2col.
//!
//! Each channel of an image is copied once into a plane with zeros around it. In such a plane, read
//! as one long row, a tap of the filter is a shift: the output is a product of the filters with
//! shifted planes, and so is the gradient of the input; that of the filters is a correlation of two
//! sets of planes. Nothing is gathered, every load is of neighbours. With a stride s, the planes
//! hold every s-th pixel, one plane for each phase.

mod geometry;
mod node;
mod passes;
mod planes;
mod products;

pub(super) use node::run;
