//! What trials do: measure an untrained network, or train it.

mod attempt;
mod clipped;
mod flow;
mod jacobian;
mod likeness;
mod probing;
mod source;
mod supervised;
mod training;
mod tuning;

pub(crate) use clipped::{Bounded, clipped};
pub(crate) use flow::flow;
pub(crate) use jacobian::jacobian;
pub(crate) use likeness::likeness;
pub(crate) use probing::probing;
pub(crate) use source::{Assignment, Portion, Source, sequence_shape};
pub(crate) use supervised::Supervised;
pub(crate) use training::training;
pub(crate) use tuning::{Arm, Budget, DataSource, TunedArm};
