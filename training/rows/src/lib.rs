#![doc = include_str!("../README.md")]

mod chain;
mod diagnosis;
mod history;
mod interner;
mod layer_chains;
mod log;
mod position;
mod profile;
mod quantity_name;
mod row;
mod sink;
mod story;
mod subject;
mod text;

pub use chain::{Axis, Chain};
pub use diagnosis::{
    ActivationKind, Case, CellKind, Confidence, Context, Finding, LossKind, OptimizerKind, Origin,
    RULES, Rule, Thresholds, diagnose, diagnose_in, not_finite_origin,
};
pub use history::History;
pub use interner::Interner;
pub use log::{Log, LogError, LogFormat, LogReader, PatternError, TagPattern, TagTable, Unknown};
pub use profile::{Place, Profile};
pub use quantity_name::QuantityName;
pub use row::Row;
pub use sink::{CallbackSink, CsvSink, HyperParameter, JsonLinesSink, Sink, TensorBoardSink};
pub use story::{Departure, Part, Story};
pub use subject::Subject;
