//! What trials do: look at a network as it starts, or train it.

mod flow;
mod supervised;
mod training;

pub(crate) use flow::flow;
pub(crate) use supervised::Supervised;
pub(crate) use training::training;
