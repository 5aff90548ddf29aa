#![doc = include_str!("../README.md")]

mod attention;
#[cfg(feature = "burn-train")]
pub mod burn_train;
mod device;
mod global_norm;
mod gradcheck;
mod gradients;
mod histogram;
mod hook;
mod host;
#[cfg(any(test, feature = "burn-train"))]
mod kept;
mod nonlinearity;
mod observation;
mod optimizer_state;
mod parameters;
mod quantity;
mod read_back;
mod reader;
mod schedule;
mod selection;
mod spread;
mod summary;
mod tap_tickets;
mod taps;
mod transparent;

pub use backdraft_rows::{
    ActivationKind, Axis, CallbackSink, Case, CellKind, Chain, Confidence, Context, CsvSink,
    Departure, Finding, History, HyperParameter, JsonLinesSink, LossKind, OptimizerKind, Origin,
    Part, Place, Profile, QuantityName, RULES, Row, Rule, Sink, Story, Subject, TensorBoardSink,
    Thresholds, diagnose, diagnose_in, not_finite_origin,
};
pub use global_norm::{global_norm, queued_global_norm};
pub use gradcheck::{
    Derivative, GradientCheck, GradientFault, GradientFaults, Place as CheckPlace, gradcheck,
};
pub use gradients::GradientSource;
pub use histogram::Histogram;
pub use hook::GradientHook;
pub use nonlinearity::{Nonlinearity, SATURATED_SLOPE};
pub use observation::{Observation, ObservationError};
pub use optimizer_state::{MomentConstants, MomentSummary, OptimizerStateError};
pub use quantity::{
    ATTENTION, ActivationGradientNorm, ActivationMean, ActivationNorm, ActivationStandardDeviation,
    AttentionEntropy, AttentionMaxLogit, DeadShare, EffectiveStep, GradientHistogram,
    GradientInfinityCount, GradientMax, GradientMeanAbsolute, GradientMissing, GradientNanCount,
    GradientNorm, GradientStandardDeviation, GradientUnderflowShare, GradientZeroShare, Measured,
    MomentBelowEpsilonShare, MomentRatio, OPTIMIZER, PRECISION, PrecisionLoss, QUANTITIES,
    Quantity, Reads, SaturatedShare, TokenCosine, UpdateCosine, UpdateRatio, Values, WeightNorm,
};
pub use read_back::{read_back, read_backs};
pub use schedule::Schedule;
pub use selection::{Filter, Grouping};
pub use spread::{NarrowFloat, Spread, TOLERATED_LOSS};
pub use summary::{Detail, FullSummary, Summary};
pub use taps::{Tapped, TappedActivation, Taps, backward, with_taps};
