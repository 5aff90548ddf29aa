//! Why outputs cannot be compared with targets.

use backdraft_text::Named;

use super::loss::Loss;

/// Why a network's outputs cannot be compared with targets, or only if told how.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// All words are the same.
    #[error("every target is `{name}`: use a batch with at least two classes")]
    OneClass {
        /// The word.
        name: String,
    },
    /// The number of outputs is not the number of words.
    #[error(
        "the targets are words of {classes} classes, but the network has `outputs = {outputs}`: \
         `--set outputs={classes}`{}",
        if *classes < *outputs {
            "; if this batch lacks some classes, give their indices from 0 instead of words"
        } else {
            ""
        }
    )]
    Words {
        /// Different words.
        classes: usize,
        /// Outputs of the network.
        outputs: usize,
    },
    /// The loss does not take words, or not this many.
    #[error(
        "{} takes {takes}, but the targets are words of {classes} classes and the network has \
         `outputs = {outputs}`",
        loss.name()
    )]
    WordsForLoss {
        /// The loss that was asked for.
        loss: Loss,
        /// Different words.
        classes: usize,
        /// Outputs of the network.
        outputs: usize,
        /// What the loss takes.
        takes: &'static str,
    },
    /// The numbers of targets and outputs do not match.
    #[error("each example has {targets} targets, but {} takes {takes}", loss.name())]
    Count {
        /// The loss.
        loss: Loss,
        /// Targets of an example.
        targets: usize,
        /// How many the loss takes, and a remedy.
        takes: String,
    },
    /// The targets are one-hot.
    #[error(
        "the targets are one-hot: give the index of the class instead, from 0 to {}, and \
         `--set outputs={targets}`{}",
        targets - 1,
        if outputs == targets { "; for values, use `--loss mean-squared-error`" } else { "" }
    )]
    OneHot {
        /// Targets of an example.
        targets: usize,
        /// Outputs of the network.
        outputs: usize,
    },
    /// The targets may be classes or values.
    #[error(
        "the targets are whole numbers from {least} to {most}, which may be values or classes: for \
         values, use `--loss mean-squared-error`; for classes, {remedy}"
    )]
    Ambiguous {
        /// The smallest target.
        least: f64,
        /// The largest target.
        most: f64,
        /// How classes are given.
        remedy: String,
    },
    /// A target is not the index of a class.
    #[error(
        "cross-entropy over {classes} classes takes their indices from 0 to {}, but a target of \
         example {example} is {value}{hint}",
        classes - 1
    )]
    NotClass {
        /// Outputs for each target.
        classes: usize,
        /// The example, from 1.
        example: usize,
        /// Its target.
        value: f64,
        /// What may be meant.
        hint: String,
    },
    /// A target is neither 0 nor 1.
    #[error(
        "binary-cross-entropy takes targets 0 and 1, but a target of example {example} is {value}: \
         number the two classes 0 and 1; for values, use `--loss mean-squared-error`"
    )]
    NotBinary {
        /// The example, from 1.
        example: usize,
        /// Its target.
        value: f64,
    },
    /// There is only one output for each target.
    #[error("cross-entropy needs an output for each class: {remedy}")]
    OneOutput {
        /// How many outputs the targets need.
        remedy: String,
    },
}
