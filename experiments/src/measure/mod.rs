//! What trials do: measure an untrained network, or train it.

mod attempt;
mod clipped;
mod flow;
mod jacobian;
mod likeness;
mod probing;
mod shared;
mod source;
mod supervised;
mod training;
mod tuning;

pub(crate) use clipped::{Bounded, COSINE, NORM_OVER_BOUND, clipped};
pub(crate) use flow::flow;
pub(crate) use jacobian::{MEAN_SINGULAR_VALUE, jacobian};
pub(crate) use likeness::{GRADIENT_COSINE, likeness};
pub(crate) use probing::{PROBE_ACCURACY, probing};
pub(crate) use shared::Shared;
pub(crate) use source::{Assignment, Portion, Source, check_sequences, sequence_shape};
pub(crate) use supervised::Supervised;
pub(crate) use training::{check_batches, training};
pub(crate) use tuning::{Arm, Budget, DataSource, LEARNING_RATE, TunedArm};
