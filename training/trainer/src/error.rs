//! What can stop a training run.

use burn::tensor::ExecutionError;

use crate::checkpoint::CheckpointError;
use crate::config::ConfigError;

/// Why a training run could not continue.
///
/// A loss or gradient that is not finite is an [`Outcome`](crate::Outcome), not an error: in a study
/// of exploding gradients it is a result.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The configuration is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A split is empty.
    #[error("the {split} split has no examples; training needs at least one of each")]
    NoExamples {
        /// `training` or `test`.
        split: &'static str,
    },
    /// The loss does not depend on a parameter that is trained.
    #[error(
        "the loss does not depend on a parameter that is trained: build the model on a device with \
         autodiff (`config.init(&device.autodiff())`) or call `model.train()`, and leave some of its \
         parameters unfrozen"
    )]
    NotDifferentiable,
    /// A step panicked.
    #[error("the model was lost in a step that panicked; start the training again")]
    Lost,
    /// The device failed.
    #[error(
        "the device failed at step {step} ({source:?}): check that it is connected and idle, try a \
         smaller network or batch, or choose another back end"
    )]
    Device {
        /// Step at which the failure was noticed.
        step: u64,
        /// What Burn reports.
        source: ExecutionError,
    },
    /// The listener could not record measurements or store a checkpoint.
    #[error("step {step} could not be recorded")]
    Record {
        /// Step whose rows were lost.
        step: u64,
        /// The listener's reason.
        source: std::io::Error,
    },
    /// A checkpoint could not be taken or does not fit.
    #[error("the checkpoint of step {step} cannot be used")]
    Checkpoint {
        /// The step that comes next.
        step: u64,
        /// What is wrong with it.
        source: CheckpointError,
    },
}
