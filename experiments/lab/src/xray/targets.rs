//! Numeric targets: which loss they suggest, and whether a loss takes them.

use super::choice::Choice;
use super::loss::Loss;
use super::mismatch::Mismatch;

/// Numeric targets of a batch.
pub(super) struct Targets<'a> {
    /// Example by example.
    pub(super) values: &'a [f64],
    /// Targets of an example.
    pub(super) each: usize,
    /// Outputs of the network.
    pub(super) outputs: usize,
}

impl Targets<'_> {
    /// Chooses the loss if targets and outputs leave no doubt.
    pub(super) fn guess(&self) -> Result<Choice, Mismatch> {
        let &Self { each, outputs, .. } = self;
        let choose = |loss, reason: String| Ok(Choice { loss, reason });
        let are_whole = self.values.iter().all(|value| value.fract() == 0.0);
        if self.are_one_hot() && (outputs == each || outputs == 1) {
            return Err(Mismatch::OneHot { targets: each, outputs });
        }
        match (outputs, each) {
            (1, 1) if self.are_binary() => choose(
                Loss::BinaryCrossEntropy,
                "one output, and every target is 0 or 1".to_owned(),
            ),
            (outputs, 1) if outputs > 1 => {
                let reason = format!("{outputs} outputs for one target, the index of a class");
                choose(Loss::CrossEntropy, reason)
            }
            (outputs, each) if outputs == each && are_whole => Err(self.ambiguous()),
            (outputs, each) if outputs % each == 0 && outputs > each => {
                let classes = outputs / each;
                let reason =
                    format!("{classes} outputs for each of {each} targets, the indices of classes");
                choose(Loss::CrossEntropy, reason)
            }
            _ => {
                let reason = "an output for each target, and not every target is a whole number";
                choose(Loss::MeanSquaredError, reason.to_owned())
            }
        }
    }

    /// Checks that a loss takes these targets.
    pub(super) fn check(&self, loss: Loss) -> Result<(), Mismatch> {
        let &Self { each, outputs, .. } = self;
        let count = |takes: String| Err(Mismatch::Count { loss, targets: each, takes });
        match loss {
            Loss::BinaryCrossEntropy | Loss::MeanSquaredError if each != outputs => {
                if self.are_one_hot() {
                    return Err(Mismatch::OneHot { targets: each, outputs });
                }
                count(format!("{outputs}, one for each output: `--set outputs={each}`"))
            }
            Loss::BinaryCrossEntropy => {
                let bad = self.first(|value| value != 0.0 && value != 1.0);
                bad.map_or(Ok(()), |(example, value)| Err(Mismatch::NotBinary { example, value }))
            }
            Loss::MeanSquaredError => Ok(()),
            Loss::CrossEntropy if self.are_one_hot() && outputs <= each => {
                Err(Mismatch::OneHot { targets: each, outputs })
            }
            Loss::CrossEntropy if outputs % each != 0 => {
                count(format!("1, or as many as divide {outputs} outputs evenly"))
            }
            Loss::CrossEntropy if outputs == each => {
                Err(Mismatch::OneOutput { remedy: self.needing(self.classes()) })
            }
            Loss::CrossEntropy => self.check_classes(outputs / each),
        }
    }

    fn check_classes(&self, classes: usize) -> Result<(), Mismatch> {
        let is_class = |value: f64| value.fract() == 0.0 && (0.0..classes as f64).contains(&value);
        let Some((example, value)) = self.first(|value| !is_class(value)) else { return Ok(()) };
        let (least, most) = self.range();
        let hint = if value.fract() != 0.0 {
            format!("; to predict a number, `--set outputs={}`", self.each)
        } else if least >= 1.0 && most <= classes as f64 {
            "; they seem to be numbered from 1".to_owned()
        } else if least >= 0.0 {
            format!(": {}", self.needing(self.classes()))
        } else {
            String::new()
        };
        Err(Mismatch::NotClass { classes, example, value, hint })
    }

    fn ambiguous(&self) -> Mismatch {
        let (least, most) = self.range();
        let mut different: Vec<u64> = self.values.iter().map(|value| value.to_bits()).collect();
        different.sort_unstable();
        different.dedup();
        let needing = self.needing(different.len().max(2));
        let remedy = match (self.each, different.len()) {
            (1, 1 | 2) => format!("number them 0 and 1, or from 0 with {needing}"),
            _ if self.are_binary() => "use `--loss binary-cross-entropy`".to_owned(),
            _ => format!("number them from 0 with {needing}"),
        };
        Mismatch::Ambiguous { least, most, remedy }
    }

    /// Returns the number of classes that the largest target implies, at least 2.
    fn classes(&self) -> usize {
        let (_, most) = self.range();
        (most.max(1.0) as usize).saturating_add(1)
    }

    /// Says how to give a network an output for each class.
    fn needing(&self, classes: usize) -> String {
        if self.each == 1 {
            format!("`--set outputs={classes}`")
        } else {
            format!("{classes} outputs for each of the {} targets", self.each)
        }
    }

    fn are_binary(&self) -> bool {
        self.first(|value| value != 0.0 && value != 1.0).is_none()
    }

    /// Tells whether every example has several targets, one of them 1 and the others 0.
    fn are_one_hot(&self) -> bool {
        let is_one_hot = |example: &[f64]| example.iter().sum::<f64>() == 1.0;
        self.each > 1 && self.are_binary() && self.values.chunks(self.each).all(is_one_hot)
    }

    /// Returns the first target that is `bad`, with its example from 1.
    fn first(&self, bad: impl Fn(f64) -> bool) -> Option<(usize, f64)> {
        let at = self.values.iter().position(|value| bad(*value))?;
        Some((at / self.each + 1, self.values[at]))
    }

    fn range(&self) -> (f64, f64) {
        let start = (f64::INFINITY, f64::NEG_INFINITY);
        self.values.iter().fold(start, |(least, most), value| (least.min(*value), most.max(*value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Loss::{BinaryCrossEntropy, CrossEntropy, MeanSquaredError};

    fn choose(
        asked: Option<Loss>,
        outputs: usize,
        each: usize,
        values: &[f64],
    ) -> Result<Loss, String> {
        let targets = Targets { values, each, outputs };
        let choice = asked
            .map_or_else(|| targets.guess(), |loss| Ok(Choice { loss, reason: String::new() }));
        let choice = choice.map_err(|error| error.to_string())?;
        targets.check(choice.loss).map_err(|error| error.to_string())?;
        Ok(choice.loss)
    }

    #[test]
    fn what_shapes_and_values_leave_no_doubt_about_is_chosen() {
        let cases: [(usize, usize, &[f64], Loss); 9] = [
            (1, 1, &[0.0, 1.0, 1.0], BinaryCrossEntropy),
            (1, 1, &[1.0, 1.0], BinaryCrossEntropy),
            (1, 1, &[120.0, 95.5], MeanSquaredError),
            (1, 1, &[0.3, 7.0], MeanSquaredError),
            (3, 1, &[0.0, 2.0, 1.0], CrossEntropy),
            (2, 1, &[0.0, 1.0], CrossEntropy),
            (2, 2, &[0.5, 2.0, 1.0, 0.0], MeanSquaredError),
            // A class of two at each of three time steps.
            (6, 3, &[0.0, 1.0, 1.0, 0.0, 0.0, 1.0], CrossEntropy),
            (9, 3, &[0.0, 2.0, 1.0], CrossEntropy),
        ];
        for (outputs, each, values, expected) in cases {
            assert_eq!(choose(None, outputs, each, values), Ok(expected), "{outputs} {values:?}");
        }
    }

    #[test]
    fn what_may_be_classes_or_values_is_asked_for() {
        let cases: [(usize, usize, &[f64], &str); 9] = [
            (1, 1, &[1.0, 2.0], "number them 0 and 1, or from 0 with `--set outputs=2`"),
            (1, 1, &[-1.0, 1.0], "number them 0 and 1"),
            (1, 1, &[0.0, 1.0, 2.0], "`--set outputs=3`"),
            (1, 1, &[120.0, 95.0, 101.0], "for values, use `--loss mean-squared-error`"),
            (1, 3, &[0.0, 1.0, 0.0], "give the index of the class instead, from 0 to 2"),
            (3, 3, &[0.0, 1.0, 0.0, 1.0, 0.0, 0.0], "for values, use `--loss mean-squared-error`"),
            (2, 2, &[1.0, 1.0, 0.0, 1.0], "use `--loss binary-cross-entropy`"),
            (2, 2, &[1.0, 4.0, 0.0, 1.0], "3 outputs for each of the 2 targets"),
            (1, 1, &[5.0, 5.0], "number them 0 and 1"),
        ];
        for (outputs, each, values, expected) in cases {
            let error = choose(None, outputs, each, values).unwrap_err();
            assert!(error.contains(expected), "{values:?}: {error}");
        }
    }

    #[test]
    fn targets_that_a_loss_does_not_take_are_refused_with_the_remedy() {
        let cases: [(Loss, usize, usize, &[f64], &str); 15] = [
            (
                BinaryCrossEntropy,
                1,
                1,
                &[1.0, -1.0],
                "example 2 is -1: number the two classes 0 and 1",
            ),
            (BinaryCrossEntropy, 1, 1, &[0.3, 7.0], "example 1 is 0.3"),
            (BinaryCrossEntropy, 1, 1, &[1.0, 2.0], "example 2 is 2"),
            (
                BinaryCrossEntropy,
                3,
                1,
                &[0.0, 1.0],
                "takes 3, one for each output: `--set outputs=1`",
            ),
            (
                CrossEntropy,
                3,
                1,
                &[1.0, 2.0, 3.0],
                "example 3 is 3; they seem to be numbered from 1",
            ),
            (CrossEntropy, 3, 1, &[0.0, 4.0], "example 2 is 4: `--set outputs=5`"),
            (
                CrossEntropy,
                3,
                1,
                &[0.5, 1.0],
                "example 1 is 0.5; to predict a number, `--set outputs=1`",
            ),
            (CrossEntropy, 3, 1, &[-1.0, 1.0], "from 0 to 2, but a target of example 1 is -1"),
            (CrossEntropy, 1, 1, &[0.0, 2.0], "`--set outputs=3`"),
            (CrossEntropy, 1, 1, &[0.0, 0.0], "`--set outputs=2`"),
            (CrossEntropy, 5, 2, &[0.0, 1.0], "as many as divide 5 outputs evenly"),
            (CrossEntropy, 3, 3, &[0.0, 1.0, 0.0], "give the index of the class instead"),
            (
                CrossEntropy,
                6,
                3,
                &[0.0, 2.0, 0.0],
                "example 1 is 2: 3 outputs for each of the 3 targets",
            ),
            (MeanSquaredError, 1, 3, &[0.0, 1.0, 0.0], "`--set outputs=3`"),
            (
                MeanSquaredError,
                1,
                2,
                &[0.5, 1.0],
                "takes 1, one for each output: `--set outputs=2`",
            ),
        ];
        for (loss, outputs, each, values, expected) in cases {
            let error = choose(Some(loss), outputs, each, values).unwrap_err();
            assert!(error.contains(expected), "{loss:?} {values:?}: {error}");
        }
    }

    #[test]
    fn a_loss_that_was_asked_for_settles_what_is_in_doubt() {
        for (loss, outputs, each, values) in [
            (MeanSquaredError, 1, 1, &[1.0, 2.0][..]),
            (MeanSquaredError, 3, 3, &[0.0, 1.0, 0.0]),
            (BinaryCrossEntropy, 2, 2, &[1.0, 1.0]),
            (CrossEntropy, 6, 3, &[0.0, 1.0, 1.0]),
        ] {
            assert_eq!(choose(Some(loss), outputs, each, values), Ok(loss));
        }
    }
}
