//! What trials do: measure an untrained network, or train it.

mod attempt;
mod clipped;
mod data;
mod file;
mod flow;
mod footprint;
mod jacobian;
mod likeness;
mod own;
mod probing;
mod shared;
mod source;
mod supervised;
mod training;
mod tuning;

pub use clipped::{Bounded, COSINE, NORM_OVER_BOUND, clipped};
pub use data::Data;
pub use file::{DataFile, FileOptions, FromFile, Predict};
pub use flow::{INPUT_NORM, flow};
pub use footprint::of_pass;
pub use jacobian::{MEAN_SINGULAR_VALUE, jacobian};
pub use likeness::{GRADIENT_COSINE, likeness};
pub use own::{DataNameTaken, DataSource, Drawn, OwnData, Split, Wanted, register_data};
pub use probing::{PROBE_ACCURACY, probing};
pub use shared::Shared;
pub use source::{Assignment, Portion, Source, sequence_shape};
pub use supervised::Supervised;
pub use training::training;
pub use tuning::{Arm, Budget, LEARNING_RATE, TunedArm};
