#![doc = include_str!("../README.md")]

#[cfg(feature = "burn-train")]
pub mod burn_train;
mod device;
mod diagnosis;
mod global_norm;
mod gradients;
mod histogram;
mod hook;
mod host;
mod nonlinearity;
mod observation;
mod parameters;
mod quantity;
mod read_back;
mod reader;
mod row;
mod schedule;
mod selection;
mod sink;
mod summary;
mod taps;

pub use diagnosis::{Confidence, Finding, History, RULES, Rule, Thresholds, diagnose};
pub use global_norm::{global_norm, queued_global_norm};
pub use gradients::GradientSource;
pub use histogram::Histogram;
pub use hook::GradientHook;
pub use nonlinearity::{Nonlinearity, SATURATED_SLOPE};
pub use observation::Observation;
pub use quantity::{
    ActivationGradientNorm, ActivationMean, ActivationNorm, ActivationStandardDeviation, DeadShare,
    GradientHistogram, GradientInfinityCount, GradientMax, GradientMeanAbsolute, GradientMissing,
    GradientNanCount, GradientNorm, GradientStandardDeviation, GradientUnderflowShare,
    GradientZeroShare, Measured, QUANTITIES, Quantity, Reads, SaturatedShare, UpdateRatio, Values,
    WeightNorm, quantity,
};
pub use read_back::{read_back, read_backs};
pub use row::{NETWORK, Row};
pub use schedule::Schedule;
pub use selection::{Filter, Grouping};
pub use sink::{CallbackSink, CsvSink, HyperParameter, JsonLinesSink, Sink, TensorBoardSink};
pub use summary::{Detail, FullSummary, Summary};
pub use taps::{Tapped, Taps};
