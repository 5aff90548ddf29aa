//! The losses that a batch can be scored with.

use backdraft_rows::LossKind;
use backdraft_text::Named;
use backdraft_trainer::{BinaryCrossEntropy, CrossEntropy, MeanSquaredError, Objective};
use burn::tensor::{Int, Tensor};
use serde::Serialize;

/// What outputs are compared with targets by; each the mean over the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Of logits with targets 0 or 1, as PyTorch's `BCEWithLogitsLoss`.
    BinaryCrossEntropy,
    /// Of logits with the index of the class as target, as PyTorch's `CrossEntropyLoss`.
    CrossEntropy,
    /// As PyTorch's `MSELoss`.
    MeanSquaredError,
}

impl Named for Loss {
    const KIND: &'static str = "loss";
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (
            Self::BinaryCrossEntropy,
            "binary-cross-entropy",
            "Of logits with targets 0 or 1, as PyTorch's `BCEWithLogitsLoss`",
        ),
        (
            Self::CrossEntropy,
            "cross-entropy",
            "Of logits with the index of the class as target, as PyTorch's `CrossEntropyLoss`",
        ),
        (Self::MeanSquaredError, "mean-squared-error", "As PyTorch's `MSELoss`"),
    ];
}

impl Loss {
    /// Returns its kind, as the diagnosis knows it.
    pub(super) fn kind(self) -> LossKind {
        match self {
            Self::BinaryCrossEntropy => LossKind::BinaryCrossEntropy,
            Self::CrossEntropy => LossKind::CrossEntropy,
            Self::MeanSquaredError => LossKind::SquaredError,
        }
    }
}

/// Mean loss of a batch. With several targets for an example, such as a class at every time step,
/// cross-entropy takes the outputs as so many groups of logits, one after the other.
///
/// # Shapes
///
/// - outputs: `[batch, outputs]`
/// - targets: `[batch, targets]`
impl Objective<Tensor<2>, Tensor<2>> for Loss {
    fn loss(&self, outputs: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
        match self {
            Self::BinaryCrossEntropy => BinaryCrossEntropy.loss(outputs, targets),
            Self::CrossEntropy => {
                let (outputs, targets) = groups(outputs, targets);
                CrossEntropy.loss(outputs, targets)
            }
            Self::MeanSquaredError => MeanSquaredError.loss(outputs, targets),
        }
    }

    fn correct(&self, outputs: Tensor<2>, targets: Tensor<2>) -> Option<Tensor<1>> {
        match self {
            Self::BinaryCrossEntropy => BinaryCrossEntropy.correct(outputs, targets),
            Self::CrossEntropy => {
                let [_, each] = targets.dims();
                let (outputs, targets) = groups(outputs, targets);
                // Of an example with several answers, the share that is right.
                Some(CrossEntropy.correct(outputs, targets)?.div_scalar(each as f64))
            }
            Self::MeanSquaredError => None,
        }
    }
}

fn groups(outputs: Tensor<2>, targets: Tensor<2>) -> (Tensor<2>, Tensor<1, Int>) {
    let ([batch, each], [_, width]) = (targets.dims(), outputs.dims());
    let outputs = outputs.reshape([batch * each, width / each]);
    (outputs, targets.int().reshape([batch * each]))
}
