#![doc = include_str!("../README.md")]

mod backend;
mod catalogue;
mod causes;
pub mod cli;
mod comparison;
mod drawing;
mod experiment;
mod export;
mod interrupt;
mod measure;
mod memory;
mod nearest;
mod page;
mod palette;
mod panics;
mod parity;
mod picture;
pub mod playground;
mod progress;
mod record;
mod report;
mod results;
mod run;
mod serve;
mod settings;
mod study;
mod sweep;
mod terminal;
mod thinned;
mod trial;
mod trial_record;
#[cfg(unix)]
mod watch;
mod whole_file;
mod xray;

pub use backdraft_theory as theory;
pub use backdraft_verdicts::{
    Effect, Ruling, Sample, Statement, Successes, Times, Verdict, in_every_case, rises_along,
    statistics,
};
use backdraft_verdicts::{judgement, number, verdict};
pub use backend::{
    AMPLIFIED, BACKEND_VARIABLE, BACKENDS, Backend, BackendError, DeviceInfo, Precision,
};
pub use catalogue::{EXPERIMENTS, experiment};
pub use experiment::{About, Claim, Entry, Experiment, Listed, Prepared, Preset};
pub use interrupt::Interrupt;
pub use nearest::nearest;
pub use parity::{Difference, Subject, difference, subjects};
pub use picture::{Picture, Point, Series};
pub use progress::Bars;
pub use record::{
    Comparison, Damage, Manifest, Owner, RecordError, RunFolder, RunLock, SCHEMA, Status,
    TrialWriter, Versions, read_trial, run_id,
};
pub use results::{Ending, Results, TrialResult, by_layer, by_step};
pub use run::{Conclusion, Notice, Run, RunError, RunRequest, Silent};
pub use settings::{Overlay, Settings, SettingsError, resolve, to_table};
pub use study::{Spectator, StudyOptions, run_study};
pub use sweep::{
    Changes, Collected, Collection, Planned, RunState, Shard, SpecError, SweepSpec, collect,
    is_of_another_build, plan, state,
};
pub use trial::{Factors, Task, Trial};
pub use trial_record::CheckpointEvery;
pub use xray::{Batch, Choice, Loss, Mismatch, Xray, xray};
