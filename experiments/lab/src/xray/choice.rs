//! The loss that a batch is scored with, and why.

use super::batch::Batch;
use super::loss::Loss;
use super::mismatch::Mismatch;
use super::targets::Targets;

/// A loss that fits a network and a batch, with the reason for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The loss.
    pub loss: Loss,
    /// Why, continuing a sentence that begins with the loss.
    pub reason: String,
}

impl Choice {
    /// Takes the loss that was asked for, or else the one that targets and outputs leave no doubt about.
    ///
    /// | targets of an example | outputs | loss |
    /// |---|---|---|
    /// | one of two words | 1 | binary cross-entropy |
    /// | one of n words | n | cross-entropy |
    /// | 0 or 1 | 1 | binary cross-entropy |
    /// | the index of a class | several | cross-entropy |
    /// | n indices of classes, such as one per time step | a multiple of n | cross-entropy |
    /// | n numbers, not all of them whole | n | mean squared error |
    ///
    /// # Errors
    ///
    /// [`Mismatch`] with a remedy if the loss asked for does not take these targets, or if none was asked
    /// for and the targets may be either classes or values.
    pub fn new(asked: Option<Loss>, outputs: usize, batch: &Batch) -> Result<Self, Mismatch> {
        if let Some(names) = batch.classes() {
            return of_words(asked, outputs, names);
        }
        let targets =
            Targets { values: batch.target_values(), each: batch.targets_each(), outputs };
        let choice = match asked {
            Some(loss) => Self { loss, reason: "as requested".to_owned() },
            None => targets.guess()?,
        };
        targets.check(choice.loss)?;
        Ok(choice)
    }
}

fn of_words(asked: Option<Loss>, outputs: usize, names: &[String]) -> Result<Choice, Mismatch> {
    let classes = names.len();
    let refuse = |loss, takes| Err(Mismatch::WordsForLoss { loss, classes, outputs, takes });
    match (names, asked) {
        ([name], _) => Err(Mismatch::OneClass { name: name.clone() }),
        (_, Some(loss @ Loss::MeanSquaredError)) => refuse(loss, "numbers"),
        ([zero, one], None | Some(Loss::BinaryCrossEntropy)) if outputs == 1 => Ok(Choice {
            loss: Loss::BinaryCrossEntropy,
            reason: format!("one output for two classes, `{zero}` as 0 and `{one}` as 1"),
        }),
        (_, Some(loss @ Loss::BinaryCrossEntropy)) => refuse(loss, "2 classes and 1 output"),
        _ if classes == outputs => Ok(Choice {
            loss: Loss::CrossEntropy,
            reason: format!("an output for each of {classes} classes, sorted by name"),
        }),
        _ => Err(Mismatch::Words { classes, outputs }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Loss::{BinaryCrossEntropy, CrossEntropy, MeanSquaredError};

    #[test]
    fn words_need_an_output_each_or_one_for_two() {
        let words = |asked, outputs, names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            of_words(asked, outputs, &names).map_err(|error| error.to_string())
        };
        let loss = |asked, outputs, names: &[&str]| words(asked, outputs, names).map(|c| c.loss);
        let (two, three) = (["cat", "dog"], ["cat", "cow", "dog"]);
        assert_eq!(loss(None, 1, &two), Ok(BinaryCrossEntropy));
        assert_eq!(loss(Some(BinaryCrossEntropy), 1, &two), Ok(BinaryCrossEntropy));
        assert_eq!(loss(None, 2, &two), Ok(CrossEntropy));
        assert_eq!(loss(Some(CrossEntropy), 3, &three), Ok(CrossEntropy));
        assert!(words(None, 1, &two).unwrap().reason.contains("`cat` as 0 and `dog` as 1"));
        let refused = |asked, outputs, names: &[&str], expected: &str| {
            let error = words(asked, outputs, names).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        refused(None, 1, &three, "`--set outputs=3`");
        refused(Some(CrossEntropy), 1, &three, "`--set outputs=3`");
        refused(Some(CrossEntropy), 1, &two, "`--set outputs=2`");
        refused(None, 3, &two, "if this batch lacks some classes");
        refused(Some(MeanSquaredError), 1, &three, "mean-squared-error takes numbers");
        refused(Some(BinaryCrossEntropy), 1, &three, "takes 2 classes and 1 output");
        refused(None, 1, &["cat"], "every target is `cat`");
    }
}
