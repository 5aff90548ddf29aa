//! Why outputs cannot be compared with targets.

use super::loss::Loss;

/// Targets that a network's outputs cannot be compared with, or not without being told how.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// All words are the same.
    #[error(
        "every target is `{name}`: there is nothing to tell apart; take a batch of two classes or more"
    )]
    OneClass {
        /// The word.
        name: String,
    },
    /// There is not one output for each word.
    #[error(
        "the targets are words of {classes} classes, but the network has `outputs = {outputs}`: \
         `--set outputs={classes}`{}",
        if *classes < *outputs {
            "; or give numbers of classes from 0 instead of words, if this batch lacks some of them"
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
    /// A loss that does not take words, or not so many.
    #[error("{} does not compare words of {classes} classes with {outputs} outputs: it takes {takes}", loss.name())]
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
    /// The numbers of targets and outputs do not fit together.
    #[error("{targets} targets for each example, but {} takes {takes}", loss.name())]
    Count {
        /// The loss.
        loss: Loss,
        /// Targets of an example.
        targets: usize,
        /// How many the loss takes, and a remedy.
        takes: String,
    },
    /// One target is 1 and the others 0, in every example.
    #[error(
        "the {targets} targets of each example are 0 but for one: give the number of its class \
         instead, from 0 to {}, to a network with `--set outputs={targets}`{}",
        targets - 1,
        if outputs == targets { "; or say `--loss mean-squared-error`" } else { "" }
    )]
    OneHot {
        /// Targets of an example.
        targets: usize,
        /// Outputs of the network.
        outputs: usize,
    },
    /// Classes or values: the numbers do not tell.
    #[error(
        "the targets are whole numbers from {least} to {most}, classes or values: for values say \
         `--loss mean-squared-error`, for classes {remedy}"
    )]
    Ambiguous {
        /// The smallest target.
        least: f64,
        /// The largest target.
        most: f64,
        /// How classes are given.
        remedy: String,
    },
    /// A target is not the number of a class.
    #[error(
        "cross-entropy over {classes} classes takes their numbers from 0 to {}, but a target of \
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
         number the two classes 0 and 1, or say `--loss mean-squared-error` for values"
    )]
    NotBinary {
        /// The example, from 1.
        example: usize,
        /// Its target.
        value: f64,
    },
    /// Each class needs an output.
    #[error(
        "cross-entropy needs an output for each class, and {outputs} outputs for {targets} targets are one for each: `--set outputs={needed}`"
    )]
    OneOutput {
        /// Outputs of the network.
        outputs: usize,
        /// Targets of an example.
        targets: usize,
        /// Outputs that the targets would need.
        needed: usize,
    },
}
