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

pub use clipped::{Bounded, COSINE, NORM_OVER_BOUND, clipped};
pub use flow::flow;
pub use jacobian::{MEAN_SINGULAR_VALUE, jacobian};
pub use likeness::{GRADIENT_COSINE, likeness};
pub use probing::{PROBE_ACCURACY, probing};
pub use shared::Shared;
pub use source::{Assignment, Portion, Source, check_sequences, sequence_shape};
pub use supervised::Supervised;
pub use training::{check_batches, training};
pub use tuning::{Arm, Budget, DataSource, LEARNING_RATE, TunedArm};
