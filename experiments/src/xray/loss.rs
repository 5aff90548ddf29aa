//! The losses that a batch can be scored with.

use backdraft_trainer::{BinaryCrossEntropy, CrossEntropy, MeanSquaredError, Objective};
use burn::tensor::Tensor;
use clap::ValueEnum;

/// What outputs are compared with targets by; each the mean over the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Loss {
    /// Of logits with targets 0 or 1, as PyTorch's `BCEWithLogitsLoss`.
    BinaryCrossEntropy,
    /// Of logits with the index of the class as target, as PyTorch's `CrossEntropyLoss`.
    CrossEntropy,
    /// As PyTorch's `MSELoss`.
    MeanSquaredError,
}

impl Loss {
    /// Chooses the loss that the shapes suggest: several outputs with one target are classes, one
    /// output with targets 0 and 1 is binary, anything else is regression.
    pub fn fitting(outputs: usize, targets: usize, are_binary: bool) -> Self {
        match (outputs, targets) {
            (1, 1) if are_binary => Self::BinaryCrossEntropy,
            (outputs, 1) if outputs > 1 => Self::CrossEntropy,
            _ => Self::MeanSquaredError,
        }
    }

    /// Returns the number of targets of an example for a network with `outputs` outputs.
    pub fn targets(self, outputs: usize) -> usize {
        match self {
            Self::CrossEntropy => 1,
            Self::BinaryCrossEntropy | Self::MeanSquaredError => outputs,
        }
    }

    /// Returns the mean loss of a batch, shape `[1]`.
    ///
    /// # Shapes
    ///
    /// - outputs: `[batch, outputs]`
    /// - targets: `[batch, targets]`
    pub fn of(self, outputs: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
        match self {
            Self::BinaryCrossEntropy => BinaryCrossEntropy.loss(outputs, targets),
            Self::CrossEntropy => CrossEntropy.loss(outputs, targets.int().squeeze_dim(1)),
            Self::MeanSquaredError => MeanSquaredError.loss(outputs, targets),
        }
    }
}
